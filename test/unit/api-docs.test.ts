import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { ERRORS } from '../../model/errors.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** Rows of the first table of a page. */
const rows = async (file: string): Promise<string[][]> =>
  [...(await readFile(join(root, file), 'utf8')).split('\n## ')[0].matchAll(/^\| `(\w+)` \|(.*)\|$/gm)].map(
    ([, code, rest]) => [code, ...rest.split('|').map((cell) => cell.trim())],
  );

test('docs/errors.md and the table of codes are equal, both ways', async () => {
  const documented = (await rows('docs/errors.md')).map(([code, status, message]) => [code, Number(status), message]);
  expect(documented).toEqual(Object.entries(ERRORS).map(([code, { status, message }]) => [code, status, message]));
});

test('every note that is given is documented, and none is documented that is not given', async () => {
  const given = new Set<string>();
  const folders = [
    'api',
    'api/audit',
    'api/metrics',
    'api/routes',
    'store',
    'store/elasticsearch',
    'store/embedded',
    'store/prometheus',
  ];
  for (const folder of [...folders, 'model/query']) {
    for (const file of await readdir(join(root, folder))) {
      if (!file.endsWith('.ts')) continue;
      const text = await readFile(join(root, folder, file), 'utf8');
      for (const [, code] of text.matchAll(/\bcode: '([a-z]+_[a-z_]+)'/g)) if (!(code in ERRORS)) given.add(code);
    }
  }
  const text = await readFile(join(root, 'docs/notes.md'), 'utf8');
  const documented = new Set((await rows('docs/notes.md')).map(([code]) => code));
  expect([...given].filter((code) => !text.includes(`\`${code}\``))).toEqual([]);
  expect([...documented].filter((code) => !given.has(code))).toEqual([]);
});
