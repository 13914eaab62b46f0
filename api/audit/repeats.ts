import type { Clock } from '../../model/clock.ts';
import type { AuditFact } from './entry.ts';

const WINDOW_MS = 60_000;
const SWEEP_MS = 5_000;
/** Kinds of repetition told apart; an attacker with more addresses than this is counted together. */
const MOST_KEYS = 1_000;

/** Equal refusals within a minute become two entries: the first at once, then one with how many `times` it was repeated. */
export interface Repeats {
  add(fact: AuditFact): void;
  /** Gives out what is counted. */
  close(): void;
}

export function createRepeats(note: (fact: AuditFact) => void, clock: Clock): Repeats {
  const seen = new Map<string, { fact: AuditFact; times: number; since: number }>();

  function settle(now: number): void {
    for (const [key, one] of seen) {
      if (now - one.since < WINDOW_MS) continue;
      seen.delete(key);
      if (one.times > 0) note({ ...one.fact, detail: { ...one.fact.detail, times: one.times } });
    }
  }

  const timer = setInterval(() => settle(clock.monotonicMs()), SWEEP_MS);
  timer.unref();

  return {
    add(fact) {
      const now = clock.monotonicMs();
      settle(now);
      let one = fact;
      let key = JSON.stringify([fact.actor, fact.ip, fact.action, fact.target, fact.detail]);
      if (seen.size >= MOST_KEYS && !seen.has(key)) {
        const { action, outcome, detail } = fact;
        one = {
          actor: 'unknown',
          kind: 'unknown',
          ip: null,
          target: null,
          action,
          outcome,
          detail: { code: detail.code },
        };
        key = JSON.stringify(['others', action, detail.code]);
      }
      const former = seen.get(key);
      if (former) {
        former.times++;
        return;
      }
      seen.set(key, { fact: one, times: 0, since: now });
      note(one);
    },
    close() {
      clearInterval(timer);
      settle(Number.POSITIVE_INFINITY);
    },
  };
}
