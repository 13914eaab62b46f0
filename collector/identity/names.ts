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

/** True when `name` matches a pattern in which `*` stands for any run of characters. */
export function matchesName(pattern: string, name: string): boolean {
  const parts = pattern.split('*');
  if (parts.length === 1) return pattern === name;
  const last = parts.pop()!;
  const head = parts.shift()!;
  if (!name.startsWith(head)) return false;
  let at = head.length;
  for (const part of parts) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return name.length - last.length >= at && name.endsWith(last);
}
