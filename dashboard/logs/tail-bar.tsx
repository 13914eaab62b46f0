import { count } from '../format/number.ts';
import { clockText, fractionText, zoneName } from '../format/time.ts';
import { Button } from '../shell/controls.tsx';
import { useWords } from '../words/words.tsx';
import styles from './page.module.css';
import type { LogsPage } from './page-state.ts';
import { TAIL_LIMITS } from './tail-buffer.ts';
import type { TailState } from './use-tail.ts';

/** Whether lines come, and if not, why: paused by whom, or the connection. */
export function TailBar(props: { tail: TailState; page: LogsPage; onToggle(): void; onSearch(): void }) {
  const { tail, page } = props;
  const all = useWords();
  const words = all.logs.tail;
  const { paused, connection } = tail;
  const { narrow, zone } = page;
  // A phone has room for the button that goes on, not for milliseconds, keys and what the footer says too.
  const pausedAt = paused === null ? '' : `${clockText(paused.at, zone)}${narrow ? '' : fractionText(paused.at)}`;
  const well = paused === null && connection !== 'lost';
  return (
    <div className={well ? styles.tailbar : `${styles.tailbar} ${styles.paused}`}>
      <span className={paused === null && connection === 'open' ? styles.pulse : styles.square} />
      {connection === 'lost' ? (
        <b>{words.reconnecting}</b>
      ) : paused !== null ? (
        <>
          <b className="num">{words.paused(pausedAt)}</b>
          <span className={styles.why}>
            {words.because[paused.cause]} {words.kept}
          </span>
        </>
      ) : (
        <b>{connection === 'open' ? words.live : words.connecting}</b>
      )}
      <span className="grow" />
      {paused === null && <span className={`${styles.wideOnly} num`}>{words.rate(count(tail.rate))}</span>}
      {paused !== null && (
        <span className={`${styles.wideOnly} num`}>
          {words.buffer(count(tail.figures.waiting), count(TAIL_LIMITS.waiting))}
        </span>
      )}
      <Button
        small
        look="ghost"
        icon="wrap"
        className={styles.wideOnly}
        aria-pressed={page.url.wrap}
        onClick={page.toggleWrap}
      >
        {all.logs.rows.wrap}
      </Button>
      <Button
        small
        look="ghost"
        className={styles.wideOnly}
        aria-label={`${all.logs.time.zone}: ${zoneName(page.nowUs, page.zone)}`}
        onClick={page.toggleZone}
      >
        {zoneName(page.nowUs, page.zone)}
      </Button>
      <Button small look="ghost" className={styles.wideOnly} onClick={tail.clear}>
        {words.clearView}
      </Button>
      <Button small look="ghost" icon="search" onClick={props.onSearch}>
        {words.search}
      </Button>
      <Button
        small
        icon={paused === null ? 'pause' : 'play'}
        hotkey={narrow ? undefined : 'p'}
        onClick={props.onToggle}
      >
        {paused === null ? words.pause : words.resume}
      </Button>
    </div>
  );
}
