// biome-ignore-all lint/suspicious/noArrayIndexKey: pieces of one text have no other identity
import { pieces } from '../text/mark.ts';
import styles from './query-box.module.css';
import { queryRuns } from './query-marks.ts';
import type { QuerySlip } from './query-parser.ts';

/** The same text as in the field, drawn under it: clauses tinted, mistakes with a wavy line. Not a single glyph may be wider. */
export function QueryTwin(props: { text: string; bad: { start: number; end: number } | null; slips: QuerySlip[] }) {
  const wavy: [number, number][] = props.slips.map((slip) => [slip.span.start, slip.span.end]);
  if (props.bad !== null) wavy.push([props.bad.start, Math.max(props.bad.end, props.bad.start + 1)]);
  let offset = 0;
  return (
    <div className={`${styles.text} ${styles.twin}`} aria-hidden="true">
      {queryRuns(props.text).map((run) => {
        const start = offset;
        offset += run.text.length;
        const hits = wavy
          .map(([from, to]): [number, number] => [Math.max(0, from - start), Math.min(run.text.length, to - start)])
          .filter(([from, to]) => to > from);
        return (
          <span key={start} className={styles[run.look]}>
            {pieces(run.text, run.marks, hits, []).map((piece, index) => (
              <span
                key={index}
                className={
                  [piece.tone && styles[piece.tone], piece.hit && styles.bad].filter(Boolean).join(' ') || undefined
                }
              >
                {piece.text}
              </span>
            ))}
          </span>
        );
      })}
      {/* A last newline needs something behind it to have a height. */}
      {'\u200b'}
    </div>
  );
}
