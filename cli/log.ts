import { type Logger, pino } from 'pino';
import type { Config } from '../model/config.ts';
import type { Io } from './command.ts';
import { paletteFor } from './terminal/color.ts';
import { visible } from './terminal/visible.ts';

/**
 * The product's own log on standard error: JSON lines (one event, one line, whatever is in a field), or short readable lines where a
 * person sits at a terminal.
 */
export function createLog(level: Config['log']['level'], io: Io): Logger {
  const readable = io.stderr.isTTY ? readableLines(io) : (line: string) => line;
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => void io.stderr.write(readable(line)) },
  );
}

function readableLines(io: Io): (line: string) => string {
  const palette = paletteFor(io.stderr, io.env);
  return (line) => {
    const { level, time, part, msg, err, ...rest } = JSON.parse(line) as Record<string, unknown>;
    const where = part === undefined ? '' : `${part}: `;
    const cause = err && typeof err === 'object' && 'message' in err ? ` (${String(err.message)})` : '';
    const facts = Object.entries(rest).map(
      ([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
    );
    const word = String(level).toUpperCase().padEnd(5);
    const painted =
      level === 'error' || level === 'fatal'
        ? palette.bad(word)
        : level === 'warn'
          ? palette.warn(word)
          : palette.dim(word);
    const clock = new Date(String(time)).toTimeString().slice(0, 8);
    return `${palette.dim(clock)} ${painted} ${visible(`${where}${msg ?? ''}${cause}`)}${palette.dim(visible(facts.join('')))}\n`;
  };
}
