import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { isCode } from '../../model/errors.ts';
import { levelName, levelOrdinal } from '../../model/level.ts';
import { parseQuery } from '../../model/query/parse.ts';
import type { Query } from '../../model/query/tree.ts';
import type { LogRecord } from '../../model/record.ts';
import { type Source, STREAMS, type Stream } from '../../model/source.ts';

/** What a script runs on: `match` itself, or any LogStore. */
export interface ScriptTarget {
  load(records: LogRecord[]): Promise<void>;
  /** Ids of the records found, in load order. An id is `recordName(record)`. */
  eval(query: Query): Promise<string[]>;
  close(): Promise<void> | void;
}

interface Step {
  line: number;
  query: string;
  expected: string[] | 'all' | 'error';
  /** Text the error or the hint must hold, behind `error`. */
  says: string;
}

interface Script {
  records: LogRecord[];
  steps: Step[];
}

const SCRIPTS = new URL('../scripts/', import.meta.url);
/** The name a script gives a record travels as the label `id` of its source. */
export const NAME_LABEL = 'id';

/** The name of a loaded record. */
export function recordName(record: LogRecord): string {
  return record.source.labels[NAME_LABEL];
}

const SOURCE: Source = {
  host: 'h1',
  container: '',
  containerName: 'shop-1',
  image: 'shop:1',
  version: '1',
  app: 'shop',
  env: 'prod',
  instance: 'shop-1',
  path: '',
  reader: 'json-file',
  named: { app: 'label', env: 'label' },
  labels: {},
};
const START = Date.UTC(2026, 10, 21, 10) * 1_000;

/** `name [key=value…] | message`; keys are source fields, `stream`, `level`. In the message `\n`, `\t` and `\\` are escapes. */
function parseRecord(text: string, index: number): LogRecord {
  const bar = text.indexOf('|');
  const [name, ...pairs] = text.slice(0, bar).trim().split(/\s+/);
  const given = Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
  const { stream = 'stdout', level = '', ...fields } = given as Record<string, string>;
  if (!STREAMS.includes(stream as Stream)) throw new Error(`no stream: ${stream}`);
  const unknown = Object.keys(fields).filter((key) => !(key in SOURCE));
  if (unknown.length > 0) throw new Error(`no such source field: ${unknown.join(', ')}`);
  const message = text.slice(bar + 1).replace(/^ /, '');
  return {
    time: START + index * 1_000,
    fid: index.toString(16).padStart(32, '0'),
    gen: 1,
    offset: index * 1_000,
    source: { ...SOURCE, ...fields, labels: { [NAME_LABEL]: name } },
    stream: stream as Stream,
    level: levelName(levelOrdinal(level || null)),
    message: message.replace(/\\([nt\\])/g, (_, char: string) => ({ n: '\n', t: '\t', '\\': '\\' })[char] as string),
    flags: STREAMS.indexOf(stream as Stream),
  };
}

/**
 * A script is a `load` block of records and `eval` lines, each followed by `= names` (or `= all`, `= none`, `= error some words`). `#`
 * begins a comment line.
 */
export function parseScript(text: string): Script {
  const records: LogRecord[] = [];
  const steps: Step[] = [];
  let loading = false;
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trimEnd();
    if (line === '' || line.startsWith('#')) continue;
    if (line === 'load') loading = true;
    else if (line.startsWith('eval ') || line === 'eval') {
      loading = false;
      steps.push({ line: index + 1, query: line.slice(5), expected: [], says: '' });
    } else if (line.startsWith('= ') && steps.length > 0) {
      const step = steps[steps.length - 1];
      const answer = line.slice(2).trim();
      if (answer.startsWith('error')) {
        step.expected = 'error';
        step.says = answer.slice(5).trim();
      } else step.expected = answer === 'all' ? 'all' : answer === 'none' ? [] : answer.split(/\s+/);
    } else if (loading && line.startsWith('  ')) records.push(parseRecord(line.trim(), records.length));
    else throw new Error(`line ${index + 1} is no part of a script: ${line}`);
  }
  return { records, steps };
}

/** Every `test/scripts/*.query` on one target. `open` gives an empty target. */
export function queryScripts(name: string, open: () => Promise<ScriptTarget> | ScriptTarget): void {
  describe(`query scripts on ${name}`, () => {
    const files = readdirSync(SCRIPTS).filter((file) => file.endsWith('.query'));
    test('there are scripts', () => expect(files.length).toBeGreaterThan(3));
    test.each(files)('%s', async (file) => {
      const { records, steps } = parseScript(readFileSync(new URL(file, SCRIPTS), 'utf8'));
      expect(steps.length).toBeGreaterThan(0);
      const target = await open();
      try {
        await target.load(records);
        const wrong: string[] = [];
        for (const step of steps) {
          const got = await answer(target, step);
          const want = step.expected === 'all' ? records.map(recordName) : step.expected;
          if (JSON.stringify(got) !== JSON.stringify(want)) {
            wrong.push(`${file}:${step.line}: ${step.query}\n  wanted ${String(want)}\n  got    ${String(got)}`);
          }
        }
        expect(wrong.join('\n')).toBe('');
      } finally {
        await target.close();
      }
    });
  });
}

async function answer(target: ScriptTarget, step: Step): Promise<string[] | string> {
  let query: Query;
  try {
    query = parseQuery(step.query).query;
  } catch (error) {
    if (!isCode(error, 'bad_query')) throw error;
    const said = `${error.message} ${error.hint ?? ''}`;
    return said.includes(step.says) ? 'error' : `error ${said}`;
  }
  return await target.eval(query);
}
