/** Longest app, env or instance kept: it stands in every row, label and link; docker's own names end at 255. */
const NAME_LENGTH = 200;

/** Trimmed, without control characters and lone surrogates, cut at 200 code points; for names given by labels and variables. */
export function cleanName(value: string): string {
  const text = value
    .toWellFormed()
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
    .trim();
  return text.length <= NAME_LENGTH ? text : [...text].slice(0, NAME_LENGTH).join('');
}
