import { memo } from 'react';
import type { RowProps } from '../fleet/fleet-grid.tsx';
import { Cell, Figure, FleetRow } from '../fleet/fleet-row.tsx';
import list from '../fleet/list.module.css';
import { bytes, count, duration } from '../format/number.ts';
import type { Zone } from '../format/time.ts';
import type { WriteClause } from '../logs/query-edit.ts';
import { Age, ageAt } from '../shell/age.tsx';
import { Tag } from '../shell/controls.tsx';
import { visible } from '../text/visible.ts';
import { useFleetWords } from '../words/fleet-words.ts';
import { useWords } from '../words/words.tsx';
import { LedgerDetail } from './detail.tsx';
import styles from './page.module.css';
import type { LedgerRow as Data, LedgerFile } from './rows.ts';
import { causeText, nameOf, reasonText, stateText } from './words-of.ts';

/** A file's row does not count its files. */
export const columnCount = (group: Data['group']): number => (group === 'file' ? 9 : 10);

interface LedgerRowProps {
  row: Data;
  rowKey: string;
  active: boolean;
  open: boolean;
  zone: Zone;
  now: number;
  write: WriteClause;
  onOpen(key: string | null): void;
  onFiles(row: Data): void;
}

/** As on the Containers page: a row is drawn anew when what it shows has changed. */
function showsSame(a: LedgerRowProps, b: LedgerRowProps): boolean {
  const same = (['active', 'open', 'zone', 'write', 'onOpen', 'onFiles'] as const).every((name) => a[name] === b[name]);
  if (!same || a.open || a.row.group !== b.row.group || a.row.files.length !== b.row.files.length) return false;
  // How long a file is behind counts on by itself.
  if (a.row.stuck.length > 0 || b.row.stuck.length > 0) return false;
  if (!a.row.files.every(({ item }, n) => item === b.row.files[n].item)) return false;
  const { lastLineAt } = b.row;
  return lastLineAt === null || ageAt(lastLineAt, a.now) === ageAt(lastLineAt, b.now);
}

/** A file, or the sums of an app's or a host's files. */
export const LedgerRow = memo(function LedgerRow(props: LedgerRowProps) {
  const { row, zone, now, active } = props;
  const fleet = useFleetWords();
  const words = fleet.ledger;
  const of: RowProps = { rowKey: props.rowKey, active, open: props.open };
  const { title, rest } = nameOf(row);
  const gone = row.files.every(({ item }) => item.state === 'gone');
  const off = row.unaccounted !== 0;
  const file = row.group === 'file' ? row.files[0].item : null;
  const reasons = row.reasons.map(([reason, value]) => `${reasonText(reason, fleet)} ${bytes(value)}`);
  return (
    <FleetRow
      of={of}
      name={file === null ? title : `${title} ${file.source.path.split('/').at(-1) ?? ''}`.trim()}
      columns={columnCount(row.group)}
      look={row.stuck.length > 0 || off ? 'bad' : gone ? 'quiet' : null}
      onOpen={props.onOpen}
      detail={() => <LedgerDetail row={row} zone={zone} now={now} write={props.write} />}
    >
      <Cell
        header
        className={styles.name}
        title={file === null ? title : `${title}\n${file.source.host} ${file.source.path}`}
      >
        {file === null ? (
          <button
            type="button"
            tabIndex={active ? 0 : -1}
            title={visible(words.filesOf(title))}
            onClick={() => props.onFiles(row)}
          >
            {visible(title)}
          </button>
        ) : (
          <b>{visible(title)}</b>
        )}{' '}
        <span className={list.sub}>{visible(rest)}</span>
      </Cell>
      <Cell className={styles.state}>
        {file === null ? <GroupState row={row} /> : <FileState file={row.files[0]} />}
      </Cell>
      {file === null && (
        <Cell number className={styles.wide}>
          {count(row.files.length)}
        </Cell>
      )}
      <Cell number className={styles.read} label={words.read}>
        <span className={off ? list.error : undefined}>{bytes(row.read)}</span>
      </Cell>
      <Cell number className={styles.searchable} label={words.searchable}>
        {bytes(row.searchable)}
      </Cell>
      <Cell number className={styles.dropped} label={words.dropped} title={reasons.join('\n')}>
        <Dropped row={row} />
      </Cell>
      <Cell number className={styles.wide}>
        <Figure value={row.inFlight} text={bytes} />
      </Cell>
      <Cell number className={styles.wide}>
        {count(row.lines)}
      </Cell>
      <Cell number className={styles.last} label={words.last}>
        <Age iso={row.lastLineAt} zone={zone} now={now} />
      </Cell>
    </FleetRow>
  );
}, showsSame);

/** The amount with its largest reason: `blank 3 kB`. */
function Dropped({ row }: { row: Data }) {
  const fleet = useFleetWords();
  const [first, ...others] = row.reasons;
  if (first === undefined) return <Figure value={0} text={bytes} />;
  return (
    <>
      {bytes(row.dropped)}{' '}
      <span className={list.sub}>
        {visible(reasonText(first[0], fleet))}
        {others.length > 0 && ` +${others.length}`}
      </span>
    </>
  );
}

function FileState({ file }: { file: LedgerFile }) {
  const fleet = useFleetWords();
  const all = useWords();
  const { item, cause, stuck, lateUs } = file;
  const lost = file.lost > 0 && <Tag look="bad">{fleet.ledger.lost}</Tag>;
  if (cause === null)
    return (
      <>
        <span>{visible(stateText(item.state, fleet))}</span>
        {lost}
      </>
    );
  const name = causeText(cause, fleet);
  // A moment's delay is how things are: its length says nothing until it stays.
  const late =
    stuck && lateUs !== null && lateUs >= 1e6 ? all.duration(duration(Math.floor(lateUs / 1e6) * 1000)) : null;
  const text = late === null ? name : fleet.ledger.late(name, late);
  return (
    <>
      {stuck ? (
        <Tag look={cause === 'denied' || cause === 'failed' ? 'bad' : 'warn'} title={visible(item.reason ?? text)}>
          {visible(text)}
        </Tag>
      ) : (
        <span>{visible(text)}</span>
      )}
      {lost}
    </>
  );
}

/** How many of its files are behind for which reason; else that none is. */
function GroupState({ row }: { row: Data }) {
  const fleet = useFleetWords();
  const causes = [...Map.groupBy(row.stuck, (file) => file.cause ?? '')];
  return (
    <>
      {causes.map(([cause, files]) => (
        <Tag key={cause} look="warn">
          {visible(fleet.ledger.causes(causeText(cause, fleet), files.length))}
        </Tag>
      ))}
      {row.lost > 0 && <Tag look="bad">{fleet.ledger.lost}</Tag>}
      {causes.length === 0 && row.lost === 0 && (
        <span>{row.passing.length > 0 || row.inFlight > 0 ? fleet.ledger.moving : fleet.ledger.states.idle}</span>
      )}
    </>
  );
}
