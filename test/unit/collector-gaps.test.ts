import { expect, test } from 'vitest';
import { GapSchema } from '../../api/contract.ts';
import { en } from '../../dashboard/words/en.ts';
import { zh } from '../../dashboard/words/zh.ts';
import { GAP_CAUSES, gapSentence } from '../../model/gap-cause.ts';
import { readRepositoryFile } from '../source-files.ts';

const causes = Object.keys(GAP_CAUSES).sort();

test('each cause of a gap is in the docs, the contract and both dictionaries, and no other is', () => {
  const table = readRepositoryFile('docs/notes.md').split('## Gaps')[1].split('\n## ')[0];
  expect([...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, cause]) => cause).sort()).toEqual(causes);
  expect(
    String((GapSchema.properties.cause as { description?: string }).description)
      .split(', ')
      .sort(),
  ).toEqual(causes);
  for (const words of [en, zh]) expect(Object.keys(words.logs.foot.cause).sort()).toEqual(causes);
});

test('a cause is said as a sentence, an unknown one as it is', () => {
  expect(gapSentence('rotated_away')).toBe('rotated away while the collector was down');
  expect(gapSentence('eaten_by_moths')).toBe('eaten by moths');
  expect(gapSentence('toString')).toBe('toString');
});
