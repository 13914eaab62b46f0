/** `*` for any run of characters, the rest for itself; the whole text, case-sensitive. */
export function matchesGlob(glob: string, text: string): boolean {
  return matchesParts(glob.split('*'), text);
}

/** The same with the literals between the stars, for whoever asks often. */
export function matchesParts(parts: readonly string[], text: string): boolean {
  if (parts.length === 1) return parts[0] === text;
  const last = parts.length - 1;
  if (!text.startsWith(parts[0])) return false;
  let at = parts[0].length;
  for (let i = 1; i < last; i++) {
    const found = text.indexOf(parts[i], at);
    if (found < 0) return false;
    at = found + parts[i].length;
  }
  return text.length - parts[last].length >= at && text.endsWith(parts[last]);
}

/** True for a glob that every text matches. */
export function matchesAnything(glob: string): boolean {
  return /^\*+$/.test(glob);
}
