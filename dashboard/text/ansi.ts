import type { Mark, Tone } from './mark.ts';

/** Foreground colours that are kept, as tones of the theme. Backgrounds, blink and conceal are not: they can hide text. */
const COLOURS: Tone[] = [
  'ansiBlack',
  'ansiRed',
  'ansiGreen',
  'ansiYellow',
  'ansiBlue',
  'ansiMagenta',
  'ansiCyan',
  'ansiWhite',
];
const SGR = /\u001b\[([\d;:]{0,64})m/g;

/** Text without its colour codes, and where colours were. Every other escape sequence stays in the text and is shown as an escape. */
export function readAnsi(text: string): { text: string; marks: Mark[] } {
  if (!text.includes('\u001b[')) return { text, marks: [] };
  const marks: Mark[] = [];
  let plain = '';
  let last = 0;
  let tone: Tone | null = null;
  for (const match of text.matchAll(SGR)) {
    const part = text.slice(last, match.index);
    if (tone !== null && part !== '') marks.push({ start: plain.length, end: plain.length + part.length, tone });
    plain += part;
    last = match.index + match[0].length;
    tone = nextTone(tone, match[1]);
  }
  const rest = text.slice(last);
  if (tone !== null && rest !== '') marks.push({ start: plain.length, end: plain.length + rest.length, tone });
  return { text: plain + rest, marks };
}

function nextTone(tone: Tone | null, codes: string): Tone | null {
  const list = codes === '' ? [0] : codes.split(/[;:]/).map(Number);
  let now = tone;
  for (let i = 0; i < list.length; i += 1) {
    const code = list[i];
    if (code === 0 || code === 39) now = null;
    else if (code >= 30 && code <= 37) now = COLOURS[code - 30];
    else if (code >= 90 && code <= 97) now = COLOURS[code - 90];
    else if (code === 38 || code === 48) {
      // 256 and true colours: of these only the first sixteen have a place in the theme.
      if (list[i + 1] === 5) {
        const index = list[i + 2];
        if (code === 38) now = index < 16 ? COLOURS[index % 8] : now;
        i += 2;
      } else if (list[i + 1] === 2) i += 4;
    }
  }
  return now;
}
