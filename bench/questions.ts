import type { WrittenLogs } from '../cli/demo/docker-logs.ts';
import { needles } from '../cli/demo/lines.ts';

/** One of the twelve questions: how it is asked over HTTP, and what a right answer is by brute force. */
export interface Question {
  name: string;
  /** Path below /api/v1 with its parameters. */
  path: string;
  /** Hits in the answer's body. */
  hits(body: unknown): number;
  /** Judges one record by brute force; absent where nothing is counted by text. */
  matches?(record: Judged): boolean;
  /** Most rows the answer may have; hits are then `min(count, limit)`. */
  limit?: number;
  /** The text `grep` and `rg` look for in the files, and whether it is an expression. */
  grep?: { text: string; expression?: boolean };
}

export interface Judged {
  text: string;
  app: string;
  env: string;
  container: string;
  /** Milliseconds since the epoch. */
  ms: number;
}

/**
 * A word of the query language as an expression: its tokens adjacent and in order, whatever separates them. Han and Hiragana
 * are tokens of one character each, so they end a word (tokenizer fl-1).
 */
function word(text: string): RegExp {
  const letter = '[[\\p{L}\\p{N}\\p{M}_]--[\\p{Script=Han}\\p{Script=Hiragana}]]';
  const tokens =
    text.match(/[\p{Script=Han}\p{Script=Hiragana}]|[^\P{L}\p{Script=Han}\p{Script=Hiragana}]+|[\p{N}_]+/gu) ?? [];
  const gap = (left: string, right: string): string =>
    /\p{Script=Han}/u.test(left + right) ? '[^\\p{L}\\p{N}\\p{M}_]*' : '[^\\p{L}\\p{N}\\p{M}_]+';
  let source = '';
  tokens.forEach((token, i) => {
    source += (i > 0 ? gap(tokens[i - 1], token) : '') + token;
  });
  return new RegExp(`(?<!${letter})${source}(?!${letter})`, 'iv');
}

interface LogsBody {
  records: unknown[];
}
interface HistogramBody {
  buckets: { counts: Record<string, number> }[];
}
interface FacetsBody {
  facets: Record<string, { count: number }[]>;
}
const rows = (body: unknown): number => (body as LogsBody).records.length;
const counted = (body: unknown): number =>
  (body as HistogramBody).buckets.reduce((sum, b) => sum + Object.values(b.counts).reduce((a, n) => a + n, 0), 0);
const faceted =
  (field: string) =>
  (body: unknown): number =>
    (body as FacetsBody).facets[field].reduce((sum, value) => sum + value.count, 0);

/** Q1–Q12 on a day of the made-up fleet. */
export function questions(data: WrittenLogs): Question[] {
  const { token, hex, app, env } = needles(data.seed);
  const day = { from: String(data.from), to: String(data.to) };
  const evening = data.to - 6 * 3_600_000;
  const ask = (route: string, parameters: Record<string, string | number>): string =>
    `logs${route}?${new URLSearchParams({ ...day, ...Object.fromEntries(Object.entries(parameters).map(([k, v]) => [k, String(v)])) })}`;
  const one = data.containers.find((c) => c.app === 'gateway' && c.env === 'prod')!;
  const text =
    (expression: RegExp) =>
    (record: Judged): boolean =>
      expression.test(record.text);
  const slow = /cost=[5-7]\d\dms/i;
  return [
    {
      name: 'Q1 unique token, 6 h, all apps',
      path: ask('', { query: token, from: evening }),
      hits: rows,
      matches: (r) => r.ms >= evening && r.text.includes(token),
      limit: 200,
      grep: { text: token },
    },
    {
      name: 'Q2 the same with app and env',
      path: ask('', { query: token, from: evening, app, env }),
      hits: rows,
      matches: (r) => r.ms >= evening && r.app === app && r.env === env && r.text.includes(token),
      limit: 200,
    },
    {
      name: 'Q3 timeout, newest 100',
      path: ask('', { query: 'timeout', limit: 100 }),
      hits: rows,
      matches: text(word('timeout')),
      limit: 100,
      grep: { text: 'timeout' },
    },
    {
      name: 'Q4 status=503, newest 100',
      path: ask('', { query: 'status=503', limit: 100 }),
      hits: rows,
      matches: text(word('status=503')),
      limit: 100,
    },
    {
      name: 'Q4 status=503, count',
      path: ask('/histogram', { query: 'status=503' }),
      hits: counted,
      matches: text(word('status=503')),
      grep: { text: 'status=503' },
    },
    {
      name: 'Q5 per minute by level, no text',
      path: ask('/histogram', { interval: '1m', by: 'level' }),
      hits: counted,
      matches: () => true,
    },
    {
      name: 'Q6 failed, per 5 min by app',
      path: ask('/histogram', { query: 'failed', interval: '5m', by: 'app' }),
      hits: counted,
      matches: text(word('failed')),
      grep: { text: 'failed' },
    },
    {
      name: 'Q7 支付回调处理失败, newest 100',
      path: ask('', { query: '支付回调处理失败', limit: 100 }),
      hits: rows,
      matches: text(/支付回调处理失败/),
      limit: 100,
    },
    {
      name: 'Q7 支付回调处理失败, count',
      path: ask('/histogram', { query: '支付回调处理失败' }),
      hits: counted,
      matches: text(/支付回调处理失败/),
      grep: { text: '支付回调处理失败' },
    },
    {
      name: 'Q7b 回调处理, count',
      path: ask('/histogram', { query: '回调处理' }),
      hits: counted,
      matches: text(/回调处理/),
      grep: { text: '回调处理' },
    },
    {
      name: 'Q8 apps by number of errors',
      path: ask('/facets', { query: 'level:error', fields: 'app', size: 50 }),
      hits: faceted('app'),
      // Where the voices of the generator say it: Java, Hadoop and Python after the time, the rest in a field.
      matches: text(/^\S+ \S+ +ERROR |"level":"ERROR"|"level":50,|level=ERROR |\[error\] /),
    },
    {
      name: 'Q9 12 hex digits inside a trace id',
      path: ask('', { query: `~"${hex}"`, limit: 100 }),
      hits: rows,
      matches: (r) => r.text.includes(hex),
      limit: 100,
      grep: { text: hex },
    },
    {
      name: 'Q10 newest 500 of one container',
      path: ask('', { container: one.id, limit: 500 }),
      hits: rows,
      matches: (r) => r.container === one.id,
      limit: 500,
    },
    {
      name: 'Q11 instances of an app',
      path: ask('/facets', { app: 'shop-order', fields: 'host,instance', size: 50 }),
      hits: faceted('instance'),
      matches: (r) => r.app === 'shop-order',
    },
    {
      name: 'Q12 /cost=[5-7]\\d\\dms/, count',
      path: ask('/histogram', { query: '/cost=[5-7]\\d\\dms/' }),
      hits: counted,
      matches: text(slow),
      grep: { text: 'cost=[5-7][0-9][0-9]ms', expression: true },
    },
  ];
}
