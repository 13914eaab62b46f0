import { UsageError } from './command.ts';

/**
 * What `--since` and `--until` take, as the API understands it: `15m` or `now-15m` (relative), an ISO time, epoch ms or µs. A date or
 * time without a zone is this machine's local time, for that is what a person types.
 */
export function timeArgument(command: string, name: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const trimmed = text.trim();
  if (/^\d+(ms|s|m|h|d|w)$/.test(trimmed)) return `now-${weeksAsDays(trimmed)}`;
  if (trimmed === 'now' || /^now-\d+(ms|s|m|h|d|w)$/.test(trimmed)) return weeksAsDays(trimmed);
  if (/^\d{11,16}$/.test(trimmed)) return trimmed;
  const clock = /^(\d{1,2}):(\d{2})(:\d{2}(\.\d+)?)?$/.exec(trimmed);
  if (clock)
    return isoOf(
      command,
      name,
      `${today()}T${trimmed.padStart(trimmed.indexOf(':') === 1 ? trimmed.length + 1 : trimmed.length, '0')}`,
    );
  if (/^\d{4}-\d{2}-\d{2}$/.test(trimmed)) return isoOf(command, name, `${trimmed}T00:00:00`);
  if (/^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}/.test(trimmed)) {
    const iso = trimmed.replace(' ', 'T');
    // A time with a zone goes as it is: the server keeps its microseconds.
    return /(Z|[+-]\d{2}:?\d{2})$/i.test(iso) ? iso : isoOf(command, name, iso);
  }
  throw new UsageError(
    command,
    `--${name} ${text}: no time; wanted 15m, 2h, 7d, 10:30, 2026-11-21, "2026-11-21 10:30:00" or an ISO time`,
  );
}

function isoOf(command: string, name: string, local: string): string {
  const date = new Date(local);
  if (Number.isNaN(date.getTime())) throw new UsageError(command, `--${name} ${local}: no such time`);
  const fraction = /\.(\d+)$/.exec(local)?.[1].padEnd(6, '0').slice(0, 6) ?? '000000';
  return `${date.toISOString().slice(0, 19)}.${fraction}Z`;
}

function weeksAsDays(text: string): string {
  return text.replace(/(\d+)w$/, (_, n) => `${Number(n) * 7}d`);
}

function today(): string {
  const now = new Date();
  const two = (n: number) => String(n).padStart(2, '0');
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}
