import { expect, test } from 'vitest';
import { en as shell } from '../../dashboard/words/en.ts';
import { enFleet } from '../../dashboard/words/en-fleet.ts';
import { zh as zhShell } from '../../dashboard/words/zh.ts';
import { zhDuration } from '../../dashboard/words/zh-duration.ts';
import { zhFleet } from '../../dashboard/words/zh-fleet.ts';

/** With the parts that come with pages of their own. */
const en = { ...shell, ...enFleet };
const zh = { ...zhShell, ...zhFleet };

/** Every path of a dictionary with the kind of its value; functions with how many arguments they take. */
function shape(value: unknown, path = ''): string[] {
  if (typeof value === 'function') return [`${path} (${value.length})`];
  if (typeof value === 'string') return [path];
  return Object.entries(value as object).flatMap(([key, inner]) => shape(inner, `${path}.${key}`));
}

test('Chinese has exactly the keys of English', () => {
  // A Chinese sentence may need fewer of the arguments, never more.
  const keys = (dictionary: unknown) => shape(dictionary).map((one) => one.replace(/ \(\d\)$/, ' ()'));
  expect(keys(zh)).toEqual(keys(en));
});

test('every sentence of the Chinese dictionary is Chinese, but for names and data', () => {
  const same: string[] = [];
  const walk = (a: unknown, b: unknown, path: string) => {
    if (typeof a === 'string') {
      if (a === b) same.push(path);
    } else if (typeof a === 'object')
      for (const key of Object.keys(a as object)) walk((a as never)[key], (b as never)[key], `${path}.${key}`);
  };
  walk(en, zh, '');
  expect(same.sort()).toEqual(
    [
      ...Object.keys(enFleet.ledger.command).map((cause) => `.ledger.command.${cause}`),
      '.logs.detail.json',
      '.logs.detail.position',
      '.logs.detail.time',
      '.logs.time.utc',
      '.search.export.formats.csv',
      '.search.export.formats.ndjson',
      '.search.patterns.state.same',
      '.settings.utc',
      '.unknown',
    ].sort(),
  );
});

test('durations are said in Chinese units', () => {
  expect(['3 m 28 s', '1 m', '42 ms', '2 h', '15 min', '30 s'].map(zhDuration)).toEqual([
    '3 分 28 秒',
    '1 分钟',
    '42 毫秒',
    '2 小时',
    '15 分钟',
    '30 秒',
  ]);
});
