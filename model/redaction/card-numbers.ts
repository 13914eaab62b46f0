/** Payment card numbers: 13 to 19 digits, perhaps in groups, that pass Luhn. Off by default: log ids often look like them. */
const CARD = /(?<![\d.-])(?:\d[ -]?){12,18}\d(?![\d.-])/g;

export function luhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    let d = digits.charCodeAt(digits.length - 1 - i) - 48;
    if (i % 2 === 1) {
      d *= 2;
      if (d > 9) d -= 9;
    }
    sum += d;
  }
  return sum % 10 === 0;
}

/** Spans of card numbers in `text` (one byte a character). */
export function findCards(text: string): { start: number; end: number }[] {
  const found: { start: number; end: number }[] = [];
  for (const match of text.matchAll(CARD)) {
    const digits = match[0].replace(/\D/g, '');
    // Networks begin with 2 to 6; a run of one digit is a separator.
    if (/^[2-6]/.test(digits) && !/^(\d)\1+$/.test(digits) && luhn(digits))
      found.push({ start: match.index, end: match.index + match[0].length });
  }
  return found;
}
