import { documentLine } from './document-line.ts';
import type { Defaults } from './identity.ts';
import type { Intake } from './intake.ts';
import { createSlices } from './slices.ts';

const NEWLINE = 10;
const RETURN = 13;

/** Each line of a body without its break, [from, to); empty ones are left out. */
export function* linesOf(body: Buffer): Generator<[from: number, to: number]> {
  for (let from = 0; from < body.length; ) {
    const found = body.indexOf(NEWLINE, from);
    const end = found < 0 ? body.length : found;
    const to = end > from && body[end - 1] === RETURN ? end - 1 : end;
    if (to > from) yield [from, to];
    from = end + 1;
  }
}

/** Takes a body of lines, each a JSON object or text. */
export async function takeLines(body: Buffer, intake: Intake, defaults: Defaults): Promise<void> {
  const slice = createSlices();
  for (const [from, to] of linesOf(body)) {
    const { line, labels } = documentLine(body.subarray(from, to));
    intake.add(intake.place(labels, defaults), line);
    const turn = slice();
    if (turn) await turn;
  }
}
