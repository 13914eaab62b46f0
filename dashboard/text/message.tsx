import { useMemo, useState } from 'react';
import { count } from '../format/number.ts';
import { useWords } from '../words/words.tsx';
import { readAnsi } from './ansi.ts';
import { foldLines, isLibraryFrame } from './fold.ts';
import type { HitFinder } from './hits.ts';
import { looksJson, prettyJson } from './json.ts';
import { LogText } from './log-text.tsx';
import styles from './message.module.css';

/** A closed row never lays out more than this of one line: a 1 MB line must not stop the page. */
const ROW_CHARACTERS = 3_000;
const OPEN_CHARACTERS = 60_000;

/**
 * The message of a row. Joined lines stand below each other, folded to the telling ones; a long unwrapped line starts just before its first hit.
 * `columns`: characters that fit beside each other, 0 when the row wraps.
 */
export function Message(props: {
  text: string;
  finder: HitFinder;
  columns: number;
  unfolded: boolean;
  /** Lines shown while folded. */
  most?: number;
  /** A JSON line stands indented. */
  pretty?: boolean;
  onUnfold(unfolded: boolean): void;
}) {
  const { finder, columns, unfolded } = props;
  const words = useWords();
  const text = useMemo(
    () => (props.pretty ? (prettyJson(props.text) ?? props.text) : props.text),
    [props.pretty, props.text],
  );
  const lines = useMemo(() => text.split('\n'), [text]);
  const fold = useMemo(
    () => (unfolded ? null : foldLines(lines, (line) => finder(line).length > 0, props.most)),
    [lines, finder, unfolded, props.most],
  );
  if (lines.length === 1) return <Line text={text} finder={finder} columns={columns} />;
  if (text !== props.text)
    return (
      <span className={styles.pretty}>
        <LogText text={text} finder={finder} json />
      </span>
    );
  const shown = fold === null ? lines.map((_, index) => index) : fold.shown;
  const foldable = fold === null ? foldLines(lines, () => false, props.most).hidden > 0 : fold.hidden > 0;
  return (
    <>
      {shown.map((index, place) => (
        <span className={isLibraryFrame(lines[index]) ? `${styles.line} ${styles.library}` : styles.line} key={index}>
          <span className={styles.text} data-line>
            <Line text={lines[index]} finder={finder} columns={columns} />
          </span>
          {foldable && place === shown.length - 1 && (
            <button
              type="button"
              className={styles.more}
              aria-expanded={unfolded}
              onClick={(event) => {
                event.stopPropagation();
                props.onUnfold(!unfolded);
              }}
            >
              {unfolded ? `▴ ${words.logs.rows.showLess}` : `▸ ${words.logs.rows.showMore(fold?.hidden ?? 0)}`}
            </button>
          )}
        </span>
      ))}
    </>
  );
}

function Line({ text, finder, columns }: { text: string; finder: HitFinder; columns: number }) {
  const words = useWords();
  const [whole, setWhole] = useState(false);
  const limit = whole ? OPEN_CHARACTERS : ROW_CHARACTERS;
  const start = useMemo(
    () => (columns === 0 || text.length * 1.73 < columns ? 0 : startBeforeHit(text, finder, columns)),
    [text, finder, columns],
  );
  const end = cutPoint(text, start + limit);
  const rest = text.length - end;
  return (
    <>
      {start > 0 && <span className={styles.pull}>⋯</span>}
      <LogText text={rest === 0 ? text : text.slice(0, end)} from={start} finder={finder} json={looksJson(text)} />
      {rest > 0 && columns === 0 && (
        <>
          <span className={styles.pull}> ⋯ {words.logs.rows.cut(count(rest))} </span>
          {!whole && (
            <button
              type="button"
              className={styles.more}
              onClick={(event) => {
                event.stopPropagation();
                setWhole(true);
              }}
            >
              {words.logs.rows.showAll}
            </button>
          )}
        </>
      )}
    </>
  );
}

/** Where an unwrapped line is to start so that its first hit can be seen; 0 when it can anyway. */
export function startBeforeHit(text: string, finder: HitFinder, columns: number): number {
  const first = finder(readAnsi(text).text)[0];
  if (first === undefined || widthOf(text.slice(0, first[1])) < columns - 4) return 0;
  // An escape sequence before the hit would be cut in two; such lines start at their beginning.
  if (text.includes('\u001b')) return 0;
  const before = first[0] - Math.min(32, Math.floor(columns / 3));
  // A line whose end fits is moved no further than to show its end.
  return cutPoint(text, Math.max(0, Math.min(before, text.length - columns + 4)));
}

/** Columns a text takes: Han, kana, Hangul and full-width forms at 104 % are as wide as 1.73 characters of the mono face. */
export function widthOf(text: string): number {
  const wide =
    text.match(/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]/g)
      ?.length ?? 0;
  return text.length + wide * 0.73;
}

/** Never between the halves of a surrogate pair. */
function cutPoint(text: string, at: number): number {
  if (at >= text.length) return text.length;
  const code = text.charCodeAt(at);
  return code >= 0xdc00 && code <= 0xdfff ? at - 1 : at;
}
