import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** Where the table lives; `node test/generators/unicode-words.ts` writes it again. */
export const UNICODE_WORDS = new URL('../../model/unicode-words.json', import.meta.url);

const LIMIT = 0x110000;
const WORD_CATEGORIES = [
  'Uppercase_Letter',
  'Lowercase_Letter',
  'Titlecase_Letter',
  'Modifier_Letter',
  'Other_Letter',
  'Decimal_Number',
  'Letter_Number',
  'Other_Number',
  'Nonspacing_Mark',
  'Spacing_Mark',
  'Enclosing_Mark',
];
const SEPARATOR = 0;
const RUN = 1;
const SINGLE = 2;

async function property<T>(name: string): Promise<T> {
  const module = (await import(`@unicode/unicode-15.0.0/${name}/code-points.mjs`)) as { default: T };
  return module.default;
}

/** The classes of tokenizer fl-1: W = L ∪ N ∪ M ∪ `_` without variation selectors; Han and Hiragana stand alone. */
async function classes(): Promise<Uint8Array> {
  const kinds = new Uint8Array(LIMIT);
  for (const category of WORD_CATEGORIES) {
    for (const code of await property<number[]>(`General_Category/${category}`)) kinds[code] = RUN;
  }
  kinds[0x5f] = RUN;
  kinds.fill(SEPARATOR, 0xfe00, 0xfe10);
  kinds.fill(SEPARATOR, 0xe0100, 0xe01f0);
  for (const script of ['Han', 'Hiragana']) {
    for (const code of await property<number[]>(`Script/${script}`)) if (kinds[code] === RUN) kinds[code] = SINGLE;
  }
  return kinds;
}

function ranges(kinds: Uint8Array, kind: number): [number, number][] {
  const found: [number, number][] = [];
  for (let code = 0; code < LIMIT; code++) {
    if (kinds[code] !== kind) continue;
    const start = code;
    while (code + 1 < LIMIT && kinds[code + 1] === kind) code++;
    found.push([start, code]);
  }
  return found;
}

/** Simple lower case of word characters as runs `[first, last, step, delta]`; U+0130 goes to `i` as in Java. */
function lowerRuns(mapping: Map<number, number>, kinds: Uint8Array): [number, number, number, number][] {
  const pairs = [...mapping].filter(([from]) => kinds[from] !== SEPARATOR).sort((a, b) => a[0] - b[0]);
  const runs: [number, number, number, number][] = [];
  for (const [from, to] of pairs) {
    const last = runs.at(-1);
    const step = last ? from - last[1] : 0;
    const fits = last && last[3] === to - from && step <= 2 && (last[0] === last[1] || last[2] === step);
    if (fits) {
      last[1] = from;
      last[2] = step;
    } else runs.push([from, from, 1, to - from]);
  }
  return runs;
}

/** The text of `model/unicode-words.json`, from the Unicode 15.0 character database. */
export async function generateUnicodeWords(): Promise<string> {
  const kinds = await classes();
  const lower = new Map(await property<Map<number, number>>('Simple_Case_Mapping/Lowercase'));
  lower.set(0x130, 0x69);
  const rows = (items: number[][]): string => items.map((item) => JSON.stringify(item)).join(',\n    ');
  return `{
  "unicode": "15.0.0",
  "runs": [
    ${rows(ranges(kinds, RUN))}
  ],
  "singles": [
    ${rows(ranges(kinds, SINGLE))}
  ],
  "lower": [
    ${rows(lowerRuns(lower, kinds))}
  ]
}
`;
}

if (import.meta.url === `file://${process.argv[1]}`) {
  await writeFile(UNICODE_WORDS, await generateUnicodeWords());
  process.stdout.write(`wrote ${fileURLToPath(UNICODE_WORDS)}\n`);
}
