import { memo } from 'react';
import { readAnsi } from './ansi.ts';
import type { HitFinder } from './hits.ts';
import { jsonMarks } from './json.ts';
import styles from './log-text.module.css';
import { type Mark, type Piece, pieces } from './mark.ts';
import { hiddenIn } from './visible.ts';

/**
 * Log text as text nodes: colours of a safe subset, hits marked, hidden characters as escapes. `json` colours keys and values; `from` leaves
 * out what stands before that offset, but looks at it, so that a cut line has the colours of the whole. The text is exactly the line's.
 */
export const LogText = memo(function LogText(props: {
  text: string;
  finder: HitFinder;
  json?: boolean;
  from?: number;
}) {
  return <>{textPieces(props.text, props.finder, props.json === true, props.from).map(showPiece)}</>;
});

export function textPieces(text: string, finder: HitFinder, json: boolean, from = 0): Piece[] {
  const { text: plain, marks } = readAnsi(text);
  const coloured = marks.length > 0 ? marks : json ? jsonMarks(plain) : stampMark(plain);
  const after = <T extends { start: number; end: number }>(list: T[]): T[] =>
    from === 0
      ? list
      : list
          .filter((one) => one.end > from)
          .map((one) => ({ ...one, start: Math.max(0, one.start - from), end: one.end - from }));
  const hits = after(finder(plain).map(([start, end]) => ({ start, end }))).map(({ start, end }): [number, number] => [
    start,
    end,
  ]);
  return pieces(plain.slice(from), after(coloured), hits, after(hiddenIn(plain)));
}

/** A time stamp at the line's start says again what the time column says; it is dimmed so that the message reads first. */
function stampMark(text: string): Mark[] {
  const found = /^\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?\]?/.exec(text);
  return found === null ? [] : [{ start: 0, end: found[0].length, tone: 'quiet' }];
}

function showPiece(piece: Piece, index: number) {
  if (piece.tone === null && !piece.hit && !piece.escape) return piece.text;
  const className = piece.escape ? styles.escape : piece.tone === null ? undefined : styles[piece.tone];
  return piece.hit ? (
    <mark key={index} className={className}>
      {piece.text}
    </mark>
  ) : (
    <span key={index} className={className}>
      {piece.text}
    </span>
  );
}
