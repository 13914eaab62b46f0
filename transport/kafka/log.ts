import kafkajs, { type LogEntry } from 'kafkajs';

/** What the bus needs of the product's logger; pino fits it. */
export interface KafkaLog {
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

/** The same sentence of kafkajs is written at most this often; an outage says it at every attempt. */
const SAME_MS = 10_000;
const REMEMBERED = 200;

/**
 * kafkajs' own log in ours, one level lower than it thinks: it calls each attempt of a retry an error, and rebalances and limits that are
 * meant so warnings. What matters to a person is said by the bus itself.
 */
export function kafkajsLog(log: KafkaLog): () => (entry: LogEntry) => void {
  const { logLevel } = kafkajs;
  const said = new Map<string, { at: number; more: number }>();
  return () => (entry) => {
    const { message, timestamp: _, logger: _name, stack: _stack, ...details } = entry.log;
    const text = `kafkajs ${entry.namespace}: ${message}`;
    if (entry.level !== logLevel.ERROR) return log.debug(details, text);
    const now = performance.now();
    const before = said.get(text);
    if (before && now - before.at < SAME_MS) {
      before.more++;
      return;
    }
    if (said.size > REMEMBERED) said.clear();
    said.set(text, { at: now, more: 0 });
    log.warn(before?.more ? { ...details, unsaid: before.more } : details, text);
  };
}
