import { FleetlogError } from '../model/errors.ts';

/** Bounds how many queries run at once. Who waits longer than `waitMs` for a turn is sent away with 429; who leaves gives the turn up. */
export interface ReadGate {
  run<T>(principal: string, signal: AbortSignal, work: () => Promise<T>): Promise<T>;
  running(): number;
  waiting(): number;
}

interface Waiter {
  principal: string;
  go: () => void;
}

export function createReadGate(limits: { concurrency: number; perPrincipal: number; waitMs: number }): ReadGate {
  const running = new Map<string, number>();
  const queue: Waiter[] = [];
  let total = 0;

  const mine = (principal: string): number => running.get(principal) ?? 0;
  const free = (principal: string): boolean => total < limits.concurrency && mine(principal) < limits.perPrincipal;

  function enter(principal: string): void {
    total++;
    running.set(principal, mine(principal) + 1);
  }

  function leave(principal: string): void {
    total--;
    if (mine(principal) > 1) running.set(principal, mine(principal) - 1);
    else running.delete(principal);
    // In order of arrival, past those whose own limit still holds them.
    for (let i = 0; i < queue.length && total < limits.concurrency; ) {
      if (!free(queue[i].principal)) i++;
      else queue.splice(i, 1)[0].go();
    }
  }

  function turn(principal: string, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(new FleetlogError('cancelled'));
    if (free(principal)) {
      enter(principal);
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', aborted);
        const at = queue.indexOf(waiter);
        if (at >= 0) queue.splice(at, 1);
      };
      const waiter: Waiter = {
        principal,
        go: () => {
          done();
          enter(principal);
          resolve();
        },
      };
      const aborted = (): void => {
        done();
        reject(new FleetlogError('cancelled'));
      };
      const timer = setTimeout(() => {
        done();
        reject(
          new FleetlogError('too_many_requests', 'cannot run the query now: too many others are running', {
            hint: 'wait a moment, or narrow the running ones (query.concurrency, query.perPrincipal)',
          }),
        );
      }, limits.waitMs);
      signal.addEventListener('abort', aborted, { once: true });
      queue.push(waiter);
    });
  }

  return {
    async run(principal, signal, work) {
      await turn(principal, signal);
      try {
        return await work();
      } finally {
        leave(principal);
      }
    },
    running: () => total,
    waiting: () => queue.length,
  };
}
