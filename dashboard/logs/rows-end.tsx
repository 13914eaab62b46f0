import { count } from '../format/number.ts';
import { Button } from '../shell/controls.tsx';
import { Icon } from '../shell/icon.tsx';
import { useWords } from '../words/words.tsx';
import styles from './page.module.css';
import type { Rows } from './use-rows.ts';

/** Below the last line: how many there are in all, the end of the range, or why no more come. */
export function RowsEnd(props: { rows: Rows; total: number | null; ascending: boolean }) {
  const words = useWords();
  const { rows } = props;
  if (rows.error !== null) {
    return (
      <div className={styles.remark}>
        <Icon name="warning" size={14} />
        {words.logs.rows.moreFailed}
        <Button small icon="again" onClick={() => rows.loadMore(rows.more.down ? 'down' : 'up')}>
          {words.tryAgain}
        </Button>
      </div>
    );
  }
  const text = rows.more.down
    ? words.logs.rows.shown(count(rows.lines), props.total === null ? words.unknown : count(props.total))
    : props.ascending
      ? words.logs.rows.endAscending
      : words.logs.rows.end;
  return <div className={`${styles.end} num`}>{text}</div>;
}
