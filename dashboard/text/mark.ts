export type Tone =
  | 'key'
  | 'string'
  | 'number'
  | 'boolean'
  | 'quiet'
  | 'ansiBlack'
  | 'ansiRed'
  | 'ansiGreen'
  | 'ansiYellow'
  | 'ansiBlue'
  | 'ansiMagenta'
  | 'ansiCyan'
  | 'ansiWhite';

/** A coloured run of a text, UTF-16 offsets, end exclusive. Marks of one list do not overlap and ascend. */
export interface Mark {
  start: number;
  end: number;
  tone: Tone;
}

/** A run of text with one look. `escape`: a hidden character shown as an escape; `hit`: matched by the query. */
export interface Piece {
  text: string;
  tone: Tone | null;
  hit: boolean;
  escape: boolean;
}

/** Cuts `text` at every boundary of marks, hits and hidden characters; joined again the pieces read as the text. */
export function pieces(
  text: string,
  marks: Mark[],
  hits: [number, number][],
  hidden: { start: number; end: number; shown: string }[],
): Piece[] {
  if (marks.length === 0 && hits.length === 0 && hidden.length === 0) {
    return text === '' ? [] : [{ text, tone: null, hit: false, escape: false }];
  }
  const cuts = new Set([0, text.length]);
  for (const mark of marks) cuts.add(mark.start).add(mark.end);
  for (const [start, end] of hits) cuts.add(start).add(end);
  for (const part of hidden) cuts.add(part.start).add(part.end);
  const edges = Array.from(cuts)
    .filter((at) => at >= 0 && at <= text.length)
    .sort((a, b) => a - b);
  const out: Piece[] = [];
  let mark = 0;
  let hit = 0;
  let part = 0;
  for (let i = 0; i + 1 < edges.length; i += 1) {
    const start = edges[i];
    while (mark < marks.length && marks[mark].end <= start) mark += 1;
    while (hit < hits.length && hits[hit][1] <= start) hit += 1;
    while (part < hidden.length && hidden[part].end <= start) part += 1;
    const hiding = part < hidden.length && hidden[part].start <= start;
    out.push({
      text: hiding ? hidden[part].shown : text.slice(start, edges[i + 1]),
      tone: mark < marks.length && marks[mark].start <= start ? marks[mark].tone : null,
      hit: hit < hits.length && hits[hit][0] <= start,
      escape: hiding,
    });
  }
  return out;
}
