import { type Zone, zoneName } from '../format/time.ts';
import { Button } from '../shell/controls.tsx';
import { useWords } from '../words/words.tsx';
import styles from './page.module.css';
import type { Order } from './url-state.ts';

/** How the rows are shown: order, wrapping, zone. */
export function RowsBar(props: {
  order: Order | null;
  wrap: boolean;
  zone: Zone;
  nowUs: number;
  folded: boolean | null;
  onOrder(): void;
  onWrap(): void;
  onZone(): void;
  onFold(): void;
}) {
  const words = useWords().logs;
  return (
    <div className={styles.rowsbar}>
      {props.folded !== null && (
        <Button small look="ghost" icon="filter" aria-expanded={!props.folded} onClick={props.onFold}>
          {words.facets.show}
        </Button>
      )}
      <span className="grow" />
      {props.order !== null && (
        <Button small look="ghost" icon="order" onClick={props.onOrder}>
          {props.order === 'desc' ? words.rows.newest : words.rows.oldest}
        </Button>
      )}
      <Button
        small
        look="ghost"
        icon="wrap"
        className={styles.wideOnly}
        aria-pressed={props.wrap}
        onClick={props.onWrap}
      >
        {words.rows.wrap}
      </Button>
      <Button
        small
        look="ghost"
        aria-label={`${words.time.zone}: ${zoneName(props.nowUs, props.zone)}`}
        onClick={props.onZone}
      >
        {zoneName(props.nowUs, props.zone)}
      </Button>
    </div>
  );
}
