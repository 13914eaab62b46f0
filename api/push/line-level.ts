import { levelOrdinal, UNDETECTED_LEVEL } from '../../model/level.ts';
import { levelWord } from '../../model/level-words.ts';

const SYSLOG = ['fatal', 'fatal', 'fatal', 'error', 'warn', 'info', 'info', 'debug'] as const;

/**
 * Ordinal of a level as shippers write it: a word in any case (`WARNING`, `crit`), syslog's 0–7, or pino's and bunyan's 10–60.
 * UNDETECTED_LEVEL when it says nothing.
 */
export function namedLevel(text: string): number {
  const word = text.trim();
  if (/^\d{1,2}$/.test(word)) {
    const number = Number(word);
    if (number < SYSLOG.length) return levelOrdinal(SYSLOG[number]);
    return number >= 10 && number <= 60 ? Math.floor(number / 10) : UNDETECTED_LEVEL;
  }
  const bytes = Buffer.from(word);
  return levelWord(bytes, 0, bytes.length) || UNDETECTED_LEVEL;
}

/** OpenTelemetry's severity numbers: 1–4 trace, 5–8 debug, … 21–24 fatal; 0 is none. */
export function severityLevel(number: number): number {
  return number >= 1 && number <= 24 ? Math.ceil(number / 4) : UNDETECTED_LEVEL;
}
