import { memo } from 'react';
import { Link } from 'wouter';
import type { RowProps } from '../fleet/fleet-grid.tsx';
import { Cell, Figure, FleetRow } from '../fleet/fleet-row.tsx';
import list from '../fleet/list.module.css';
import { bytes, count } from '../format/number.ts';
import type { Zone } from '../format/time.ts';
import type { WriteClause } from '../logs/query-edit.ts';
import { Age, ageAt, ageText } from '../shell/age.tsx';
import { Tag } from '../shell/controls.tsx';
import { visible } from '../text/visible.ts';
import { useFleetWords } from '../words/fleet-words.ts';
import { useWords } from '../words/words.tsx';
import { ContainerDetail } from './detail.tsx';
import { shortEnd } from './end-words.ts';
import { logsLink } from './logs-link.ts';
import styles from './page.module.css';
import { type ContainerRow as Data, LATE_MS, sinceOf, unaccountedOf } from './rows.ts';

export const COLUMN_COUNT = 13;

interface ContainerRowProps {
  row: Data;
  rowKey: string;
  active: boolean;
  open: boolean;
  zone: Zone;
  now: number;
  write: WriteClause;
  onOpen(key: string | null): void;
}

/** A refresh changes the clock for all rows and figures for few: a row is drawn anew when what it shows has changed. */
function showsSame(a: ContainerRowProps, b: ContainerRowProps): boolean {
  const same = (['active', 'open', 'zone', 'write', 'onOpen'] as const).every((name) => a[name] === b[name]);
  // What of an answer is as it was is the same object; all else of a row comes from it, but for who took its place.
  if (!same || a.open || a.row.one !== b.row.one) return false;
  if (
    a.row.end?.successor?.version !== b.row.end?.successor?.version ||
    a.row.troubles.length !== b.row.troubles.length
  )
    return false;
  return [sinceOf(b.row.one), b.row.one.lastLineAt].every(
    (iso) => iso === null || ageAt(iso, a.now) === ageAt(iso, b.now),
  );
}

/** One container. */
export const ContainerRow = memo(function ContainerRow(props: ContainerRowProps) {
  const { row, zone, now, active } = props;
  const { one } = row;
  const all = useWords();
  const words = useFleetWords().containers;
  const of: RowProps = { rowKey: props.rowKey, active, open: props.open };
  const gone = one.state === 'removed';
  const late = (one.lagMs ?? 0) > LATE_MS;
  return (
    <FleetRow
      of={of}
      name={one.instance}
      columns={COLUMN_COUNT}
      look={row.troubles.length > 0 ? 'bad' : gone ? 'quiet' : null}
      onOpen={props.onOpen}
      detail={() => <ContainerDetail row={row} zone={zone} now={now} write={props.write} />}
    >
      <Cell
        header
        className={styles.name}
        title={`${one.app} ${one.instance}\n${one.containerName} ${one.container.slice(0, 12)}`}
      >
        <Link
          href={logsLink(one, props.write, now)}
          tabIndex={active ? 0 : -1}
          title={visible(words.openLogs(one.instance))}
        >
          {visible(one.app)}
        </Link>{' '}
        <span>{visible(one.instance)}</span>
      </Cell>
      <Cell className={styles.wide} title={one.env}>
        {visible(one.env)}
      </Cell>
      <Cell className={styles.host} title={one.host}>
        {visible(one.host)}
      </Cell>
      <Cell className={styles.state}>
        <State row={row} />
      </Cell>
      <Cell className={styles.version} label={words.version} title={one.image}>
        {visible(one.version) || all.unknown}
      </Cell>
      <Cell number className={styles.since} label={words.since}>
        <Age iso={sinceOf(one)} zone={zone} now={now} />
      </Cell>
      <Cell number className={styles.restarts} label={words.restarts}>
        <span className={one.restarts === 0 ? list.sub : gone ? undefined : list.warn}>{count(one.restarts)}</span>
      </Cell>
      <Cell number className={styles.last} label={words.last}>
        <Age iso={one.lastLineAt} zone={zone} now={now} />
      </Cell>
      <Cell number className={styles.rate} label={words.rate}>
        {one.linesPerSecond === null ? all.unknown : <Figure value={one.linesPerSecond} text={rateText} />}
      </Cell>
      <Cell number className={styles.delay} label={words.delay}>
        {one.lagMs === null ? (
          all.unknown
        ) : (
          <span className={late ? list.warn : undefined}>
            <Figure value={one.lagMs} text={(ms) => all.duration(ageText(ms))} />
          </span>
        )}
      </Cell>
      <Cell number className={styles.wide} title={droppedTitle(one.dropped)}>
        <Figure value={row.dropped} text={bytes} />
      </Cell>
      <Cell number className={styles.wide}>
        <span className={unaccountedOf(one) === 0 ? undefined : list.error}>{bytes(one.read)}</span>
      </Cell>
    </FleetRow>
  );
}, showsSame);

/** Lines a second: a quiet container's tenth counts, a busy one's does not. */
export function rateText(rate: number): string {
  if (rate === 0) return '0';
  return rate < 10 ? Math.max(0.1, rate).toFixed(1) : count(Math.round(rate));
}

const droppedTitle = (dropped: Record<string, number>): string =>
  Object.entries(dropped)
    .filter(([, value]) => value > 0)
    .map(([reason, value]) => `${reason} ${bytes(value)}`)
    .join('\n');

/** The state in words, and the one thing beside it that matters most. */
function State({ row }: { row: Data }) {
  const fleet = useFleetWords();
  const words = fleet.containers;
  const { one, end, troubles } = row;
  const name = Object.hasOwn(words.states, one.state)
    ? words.states[one.state as keyof typeof words.states]
    : one.state;
  const [first] = troubles;
  const bad = first === 'oom' || first === 'unhealthy' || first === 'unaccounted';
  const beside =
    first === 'unhealthy'
      ? words.health.unhealthy
      : first === 'behind' || first === 'silent' || first === 'unaccounted'
        ? words.short[first]
        : shortEnd(end, fleet);
  return (
    <>
      {first === undefined ? <span>{visible(name)}</span> : <Tag look={bad ? 'bad' : 'warn'}>{visible(name)}</Tag>}
      {beside !== '' && (
        <span className={first === undefined ? list.sub : undefined} title={visible(beside)}>
          {visible(beside)}
        </span>
      )}
    </>
  );
}
