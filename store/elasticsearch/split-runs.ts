import { tokenSpans } from '../../model/query/tokenize.ts';

/**
 * The text with a space wherever the tokenizer cuts a run that is too long, so that an analyser that does not count gives the same
 * tokens at the same places. The text itself when there is none.
 */
export function splitRuns(text: string): string {
  let out = '';
  let from = 0;
  let before: { end: number; cut: boolean } | null = null;
  for (const span of tokenSpans(text)) {
    if (span.cut && before?.cut && before.end === span.start) {
      out += `${text.slice(from, span.start)} `;
      from = span.start;
    }
    before = span;
  }
  return from === 0 ? text : out + text.slice(from);
}
