import type { ApiGap, ApiNote } from '../api/contract.ts';
import { gapSentence } from '../model/gap-cause.ts';
import type { Params } from './client.ts';
import type { Arguments, Io, Option } from './command.ts';
import { queryHits } from './highlight.ts';
import { localTime, type RecordFormat } from './record-line.ts';
import { paletteFor } from './terminal/color.ts';
import { visible } from './terminal/visible.ts';
import { timeArgument } from './time-argument.ts';

/** Filters every log command takes. */
export const SCOPE: Record<string, Option> = {
  app: { type: 'list', short: 'a', value: 'APP', help: 'only this app (repeatable)' },
  env: { type: 'list', short: 'e', value: 'ENV', help: 'only this env (repeatable)' },
  host: { type: 'list', value: 'HOST', help: 'only this host (repeatable)' },
  container: {
    type: 'list',
    value: 'NAME|ID',
    help: 'only this container: name, id or 12 first characters (repeatable)',
  },
  level: {
    type: 'list',
    short: 'l',
    choices: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'none'],
    help: 'only this level (repeatable); level:>=warn in the query takes a level and all above',
  },
};

export const RANGE: Record<string, Option> = {
  since: {
    type: 'text',
    short: 's',
    value: 'TIME',
    help: '15m, 2h, 7d, 10:30, 2026-11-21 or an ISO time (default 15m)',
  },
  until: { type: 'text', value: 'TIME', help: 'end of the range, not included (default now)' },
};

export const RECORD_OUTPUT: Record<string, Option> = {
  utc: { type: 'flag', help: 'UTC with microseconds instead of local times' },
  raw: {
    type: 'flag',
    help: 'control characters of messages as they are (a hostile line can then upset the terminal)',
  },
};

export function scopeParams(args: Arguments): Params {
  return Object.fromEntries(Object.keys(SCOPE).map((name) => [name, args.list(name)]));
}

export function rangeParams(command: string, args: Arguments): Params {
  return {
    from: timeArgument(command, 'since', args.text('since')),
    to: timeArgument(command, 'until', args.text('until')),
  };
}

/** How records are printed; hits are only looked for where they can be painted. */
export async function recordFormat(args: Arguments, io: Io, query: string | undefined): Promise<RecordFormat> {
  const palette = paletteFor(io.stdout, io.env);
  const hits = palette.paints ? await queryHits(query) : null;
  return { palette, utc: args.flag('utc'), raw: args.flag('raw'), hits };
}

/** The words of a query as one text; undefined when there are none. */
export function queryText(args: Arguments): string | undefined {
  return args.positionals.join(' ').trim() || undefined;
}

/** What a reader must know beside the rows, for standard error: gaps, remarks, and up to when nothing is missing. */
export function remarks(io: Io, answer: { completeTo: string | null; gaps: ApiGap[]; notes: ApiNote[] }): string {
  const palette = paletteFor(io.stderr, io.env);
  const lines = answer.gaps.map((gap) => {
    const where = [gap.host, gap.app, gap.env].filter(Boolean).join(' / ');
    const bytes = gap.bytes ? `, ${gap.bytes} bytes` : '';
    return palette.warn(
      `gap: ${where} from ${localTime(gap.from)} to ${gap.to ? localTime(gap.to) : 'now'} (${gapSentence(gap.cause)}${bytes})`,
    );
  });
  for (const note of answer.notes) lines.push(palette.warn(`note: ${noteText(note)}`));
  if (answer.completeTo) lines.push(palette.dim(`complete up to ${localTime(answer.completeTo)}`));
  return lines.map((line) => `${line}\n`).join('');
}

export function noteText(note: ApiNote): string {
  const { code, ...rest } = note as Record<string, unknown>;
  const facts = Object.entries(rest).map(
    ([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return visible([String(code).replaceAll('_', ' '), facts.join(', ')].filter(Boolean).join(': '));
}
