/**
 * The known name a person most likely meant, or null when nothing is near. Edit distance with swaps (optimal string
 * alignment), at most a third of the word's length; a name that begins with the word, or ends with it, also counts.
 */
export function nearest(word: string, known: Iterable<string>): string | null {
  const given = word.toLowerCase();
  let best: string | null = null;
  let bestDistance = Math.max(1, Math.floor(given.length / 3)) + 1;
  let affix: string | null = null;
  for (const name of known) {
    const lower = name.toLowerCase();
    const distance = editDistance(given, lower);
    if (distance < bestDistance) {
      best = name;
      bestDistance = distance;
    }
    const tail = lower.slice(lower.lastIndexOf('.') + 1);
    if (given.length >= 3 && affix === null && (lower.startsWith(given) || tail === given)) affix = name;
  }
  return best ?? affix;
}

/** `; did you mean X?`, or nothing. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const name = nearest(word, known);
  return name === null ? '' : `; did you mean ${name}?`;
}

function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = last[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      let least = Math.min(last[j] + 1, row[j - 1] + 1, change);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, before[j - 2] + 1);
      row.push(least);
    }
    before = last;
    last = row;
  }
  return last[b.length];
}
