import { memo } from 'react';
import { readAnsi } from './ansi.ts';
import type { HitFinder } from './hits.ts';
import { jsonMarks } from './json.ts';
import styles from './log-text.module.css';
import { type Piece, pieces } from './mark.ts';
import { hiddenIn } from './visible.ts';

/**
 * Log text as text nodes: colours of a safe subset, hits marked, hidden characters as escapes. `json` colours keys and values.
 * The text between the marks is exactly the line's.
 */
export const LogText = memo(function LogText(props: { text: string; finder: HitFinder; json?: boolean }) {
  return <>{textPieces(props.text, props.finder, props.json === true).map(showPiece)}</>;
});

export function textPieces(text: string, finder: HitFinder, json: boolean): Piece[] {
  const { text: plain, marks } = readAnsi(text);
  return pieces(plain, json && marks.length === 0 ? jsonMarks(plain) : marks, finder(plain), hiddenIn(plain));
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
