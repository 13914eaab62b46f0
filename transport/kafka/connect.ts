import type { KafkaConfig } from '../../model/config.ts';
import { FleetlogError } from '../../model/errors.ts';
import { pauseFor } from '../pause.ts';
import { configurationFault, suspicion } from './client.ts';
import type { KafkaLog } from './log.ts';

const RETRY_MS = { first: 500, max: 15_000 };

export interface ConnectOptions {
  config: KafkaConfig;
  log: KafkaLog;
  signal: AbortSignal;
  /** Tries once. */
  attempt(): Promise<void>;
}

export interface Connecting {
  /** Why there is no connection yet, or null. */
  fault(): string | null;
  /** Resolves when it has ended, connected or given up by the signal. */
  ended: Promise<void>;
}

/**
 * Tries once before it returns and goes on by itself, for brokers that are away come back. Rejects with `bad_config` when the first attempt shows
 * a fault that only an operator can mend; one that turns up later is written in the log and waited for.
 */
export async function startConnecting(options: ConnectOptions): Promise<Connecting> {
  const { config, log, signal } = options;
  const brokers = config.brokers.join(', ');
  let fault: string | null = 'not connected yet';

  async function attempt(): Promise<{ error: unknown; hint: string | null } | null> {
    try {
      await options.attempt();
      fault = null;
      return null;
    } catch (error) {
      const hint = configurationFault(error);
      fault = hint ?? suspicion(error) ?? `no broker of ${brokers} answers`;
      return { error, hint };
    }
  }

  async function goOn(): Promise<void> {
    for (let n = 1; !signal.aborted; n++) {
      await pauseFor(Math.min(RETRY_MS.max, RETRY_MS.first * 2 ** Math.min(n - 1, 16)), signal);
      const failed = signal.aborted ? null : await attempt();
      if (!failed) return;
      if (n % 20 === 0 || failed.hint)
        log.warn({ err: failed.error, brokers, attempt: n + 1, hint: failed.hint }, 'cannot reach Kafka; trying again');
    }
  }

  const first = await attempt();
  if (first?.hint)
    throw new FleetlogError('bad_config', `cannot use Kafka at ${brokers}`, { hint: first.hint, cause: first.error });
  if (first)
    log.warn(
      { err: first.error, brokers, hint: suspicion(first.error) },
      'cannot reach Kafka; trying again, batches wait',
    );
  return { fault: () => fault, ended: first ? goOn() : Promise.resolve() };
}
