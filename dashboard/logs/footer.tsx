import { useState } from 'react';
import type { ApiGap } from '../../api/contract.ts';
import { duration } from '../format/number.ts';
import { fullText, microseconds, shortText, type Zone } from '../format/time.ts';
import { useWords } from '../words/words.tsx';
import styles from './footer.module.css';
import { gapText } from './sentences.ts';

interface FooterProps {
  completeTo: string | null | undefined;
  gaps: ApiGap[];
  zone: Zone;
  /** End of what was asked, µs: complete beyond it is simply complete. */
  to: number;
  nowUs: number;
  /** `200 of 18,402 lines loaded`, or the figures of a live view. */
  middle: string | null;
  right: string | null;
  live?: boolean;
}

/** What this page knows, in one line. The only live region, and it speaks at most when an answer comes. */
export function Footer(props: FooterProps) {
  const words = useWords();
  const text = words.logs.foot;
  const [open, setOpen] = useState(false);
  const done = props.completeTo === null || props.completeTo === undefined ? null : microseconds(props.completeTo);
  const behind = done === null ? 0 : (Math.min(props.to, props.nowUs) - done) / 1000;
  const partly = props.gaps.length > 0 || behind > 30_000;
  return (
    <div className={styles.wrap}>
      {open && props.gaps.length > 0 && (
        <ul className={styles.gaps}>
          {props.gaps.slice(0, 50).map((gap) => (
            <li key={`${gap.host} ${gap.from} ${gap.cause}`} title={gap.from}>
              {shortText(microseconds(gap.from), props.zone, props.nowUs)} · {gapText(gap, words)}
              {gap.app !== null && ` · ${gap.app}${gap.env === null ? '' : ` / ${gap.env}`}`}
            </li>
          ))}
        </ul>
      )}
      <footer className={styles.foot}>
        {props.completeTo !== undefined && (
          <span className={partly ? `${styles.done} ${styles.partly}` : styles.done} role="status">
            {done === null ? (
              <span title={text.unknownWhy}>{text.unknown}</span>
            ) : (
              <span title={fullText(done, props.zone)}>
                {text.complete} <b className="num">{shortText(done, props.zone, props.nowUs)}</b>
              </span>
            )}
          </span>
        )}
        {props.live === true && done !== null && behind > 1000 && (
          <span className="num faint">{text.behind(words.duration(duration(behind)))}</span>
        )}
        {props.gaps.length > 0 && (
          <button type="button" className={styles.late} aria-expanded={open} onClick={() => setOpen(!open)}>
            <span>
              {text.gaps(props.gaps.length)}
              <span className={styles.hide}> · {gapText(props.gaps[props.gaps.length - 1], words)}</span>
            </span>
          </button>
        )}
        {props.middle !== null && <span className={`${styles.sep} ${styles.hide}`} />}
        {props.middle !== null && <span className={`${styles.rows} num`}>{props.middle}</span>}
        {props.right !== null && <span className={styles.sep} />}
        {props.right !== null && <span className="num">{props.right}</span>}
        <span className="grow" />
        <span className={styles.keys} aria-hidden="true">
          {(props.live === true
            ? [['p', text.keys.pause] as const, ['End', text.keys.follow] as const]
            : [
                ['/', text.keys.search] as const,
                ['j k', text.keys.move] as const,
                ['↵', text.keys.open] as const,
                ['c', text.keys.context] as const,
              ]
          ).map(([key, word]) => (
            <span key={key}>
              {key.split(' ').map((one) => (
                <kbd key={one}>{one}</kbd>
              ))}{' '}
              {word}
            </span>
          ))}
          <span>
            <kbd>?</kbd> {text.keys.all}
          </span>
        </span>
      </footer>
    </div>
  );
}
