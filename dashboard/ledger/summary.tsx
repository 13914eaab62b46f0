import { exactTerm } from '../fleet/filter.ts';
import list from '../fleet/list.module.css';
import { bytes, count } from '../format/number.ts';
import { Button } from '../shell/controls.tsx';
import { visible } from '../text/visible.ts';
import { useFleetWords } from '../words/fleet-words.ts';
import styles from './page.module.css';
import { type LedgerFile, type LedgerRow, stuckByCause } from './rows.ts';
import { StuckText } from './stuck-text.tsx';
import { causeText, reasonText } from './words-of.ts';

/** The sums of the files that the filter left: read = searchable + dropped + in flight, or by how much not. */
export function Sums({ row }: { row: LedgerRow }) {
  const fleet = useFleetWords();
  const words = fleet.ledger;
  const share = (part: number) => (row.read === 0 ? '' : words.share(`${((part / row.read) * 100).toFixed(1)} %`));
  return (
    <dl className={styles.sums} aria-label={words.total}>
      <div>
        <dt>{words.read}</dt>
        <dd className="num">
          {bytes(row.read)}
          <small className={row.unaccounted === 0 ? undefined : list.error}>
            {row.unaccounted === 0 ? words.balanced : words.unbalanced(bytes(row.unaccounted))}
          </small>
        </dd>
      </div>
      <div>
        <dt>{words.searchable}</dt>
        <dd className="num">
          {bytes(row.searchable)}
          <small>{share(row.searchable)}</small>
        </dd>
      </div>
      <div>
        <dt>{words.dropped}</dt>
        <dd className="num">
          {bytes(row.dropped)}
          <small>
            {row.reasons.map(([reason, value]) => `${visible(reasonText(reason, fleet))} ${bytes(value)}`).join(', ')}
          </small>
        </dd>
      </div>
      <div>
        <dt>{words.inFlight}</dt>
        <dd className="num">{bytes(row.inFlight)}</dd>
      </div>
      <div>
        <dt>{words.lines}</dt>
        <dd className="num">{count(row.lines)}</dd>
      </div>
    </dl>
  );
}

/** Causes that keep files behind, with what they mean, what to do, and the way to those files. */
export function Stuck({ files, onShow }: { files: LedgerFile[]; onShow(filter: string): void }) {
  const fleet = useFleetWords();
  const words = fleet.ledger;
  const causes = stuckByCause(files);
  if (causes.length === 0) return null;
  return (
    <section className={styles.trouble} aria-label={words.behind}>
      <h2>{words.behind}</h2>
      <ul>
        {causes.map(([cause, of]) => (
          <li key={cause}>
            <b>
              {visible(causeText(cause, fleet))}
              <small className="num">{words.fileCount(of.length)}</small>
            </b>
            <div className={styles.why}>
              <StuckText cause={cause} count={of.length} mend />
            </div>
            <Button
              small
              aria-label={words.showCause(causeText(cause, fleet))}
              onClick={() => onShow(exactTerm('cause', cause))}
            >
              {words.showThem}
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}
