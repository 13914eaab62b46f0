import { Counter, type Registry } from 'prom-client';
import type { CountRedactions } from '../../model/redaction/redaction.ts';
import { liveGauges } from '../live-gauge.ts';

/** Why a line was not taken. */
export type RefusalReason = 'scope' | 'action';
/** Why a line got its arrival's time. */
export type TimeReason = 'absent' | 'unreadable' | 'future' | 'too_old';

/** Series of what was redacted in pushed lines; their label `reason` is the rule. */
export const PUSH_REDACTED = {
  places: 'fleetlog_push_redacted_total',
  lines: 'fleetlog_push_redacted_lines_total',
} as const;

export interface PushTelemetry {
  /** Lines the store has. */
  stored(input: string, lines: number, bytes: number): void;
  refused(input: string, reason: RefusalReason, lines: number): void;
  /** Requests the store had no room for, or lost on the way; the sender sends them again. */
  failed(input: string, code: string): void;
  arrivalTime(reason: TimeReason): void;
  redacted: CountRedactions;
  cut(): void;
}

export function createPushTelemetry(
  registry: Registry,
  live: { heldBytes(): number; idleSessions(): number },
): PushTelemetry {
  const registers = [registry];
  const counter = <T extends string>(name: string, help: string, labelNames: T[]) =>
    new Counter({ name, help, labelNames, registers });
  const lines = counter('fleetlog_push_lines_total', 'Pushed lines stored, by input.', ['input']);
  const bytes = counter('fleetlog_push_bytes_total', 'Bytes of their messages.', ['input']);
  const refused = counter('fleetlog_push_refused_lines_total', 'Pushed lines refused, by input and reason.', [
    'input',
    'reason',
  ]);
  const failed = counter('fleetlog_push_failed_requests_total', 'Requests not stored, for the sender to repeat.', [
    'input',
    'reason',
  ]);
  const times = counter('fleetlog_push_arrival_times_total', "Lines with their arrival's time, by reason.", ['reason']);
  const redactions = counter(PUSH_REDACTED.places, 'Redactions in pushed lines, by rule.', ['reason']);
  const redactedLines = counter(PUSH_REDACTED.lines, 'Pushed lines something was redacted in, by rule.', ['reason']);
  const cut = counter('fleetlog_push_long_lines_total', 'Pushed lines longer than collector.lineBytes.', []);
  const gauge = liveGauges(registry);
  gauge('fleetlog_push_held_bytes', 'Bytes of pushed bodies held now.', live.heldBytes);
  gauge('fleetlog_push_idle_sessions', 'Sessions kept for the next request of their token.', live.idleSessions);

  return {
    stored(input, count, size) {
      lines.inc({ input }, count);
      bytes.inc({ input }, size);
    },
    refused: (input, reason, count) => refused.inc({ input, reason }, count),
    failed: (input, reason) => failed.inc({ input, reason }),
    arrivalTime: (reason) => times.inc({ reason }),
    redacted(reason, places, records) {
      redactions.inc({ reason }, places);
      redactedLines.inc({ reason }, records);
    },
    cut: () => cut.inc(),
  };
}
