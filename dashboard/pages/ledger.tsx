import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import type { LedgerItem } from '../../api/contract.ts';
import { useClient } from '../client/client.tsx';
import { bytes, count } from '../format/number.ts';
import { Button } from '../shell/controls.tsx';
import { Frame } from '../shell/frame.tsx';
import { usePreferences } from '../shell/preferences.tsx';
import { Failed, Skeleton } from '../shell/state.tsx';
import { visible } from '../text/visible.ts';
import { useWords } from '../words/words.tsx';
import { Moment } from './containers.tsx';
import styles from './page.module.css';

const dropped = (item: LedgerItem) => Object.values(item.dropped).reduce((sum, one) => sum + one, 0);
/** Bytes read that are neither searchable nor dropped nor in flight; anything but 0 is a fault worth showing. */
const unaccounted = (item: LedgerItem) => item.read - item.searchable - dropped(item) - item.inFlight;

/** For each file: bytes read = searchable + dropped + in flight. */
export function LedgerPage() {
  const words = useWords().ledger;
  const client = useClient();
  const { zone } = usePreferences();
  const [onlyOpen, setOnlyOpen] = useState(false);
  const list = useQuery({
    queryKey: ['ledger'],
    queryFn: ({ signal }) => client.ledger(signal),
    staleTime: 0,
    refetchInterval: 5000,
  });
  const shown = useMemo(
    () =>
      (list.data ?? [])
        .filter((item) => !onlyOpen || dropped(item) > 0 || item.inFlight > 0 || unaccounted(item) !== 0)
        .sort((a, b) => b.read - a.read),
    [list.data, onlyOpen],
  );
  const off = (list.data ?? []).reduce((sum, item) => sum + Math.abs(unaccounted(item)), 0);
  const now = client.nowUs();
  return (
    <Frame title={words.title}>
      <div className={styles.page}>
        <header className={styles.head}>
          <h1>{words.title}</h1>
          <Button small aria-pressed={onlyOpen} onClick={() => setOnlyOpen(!onlyOpen)}>
            {words.onlyOpen}
          </Button>
          {list.data !== undefined && list.data.length > 0 && (
            <span className={off === 0 ? 'dim' : styles.bad}>
              {off === 0 ? words.balanced : words.unbalanced(bytes(off))}
            </span>
          )}
        </header>
        <p className={styles.lead}>{words.lead}</p>
        {list.error !== null && list.data === undefined ? (
          <Failed error={list.error} onAgain={() => list.refetch()} />
        ) : list.data === undefined ? (
          <Skeleton />
        ) : list.data.length === 0 ? (
          <p className={styles.none}>{words.none}</p>
        ) : (
          <div className={styles.scroll}>
            <table className={styles.table}>
              <thead>
                <tr>
                  <th scope="col">{words.source}</th>
                  <th scope="col">{words.state}</th>
                  {[words.read, words.searchable, words.dropped, words.inFlight, words.lines, words.lastLine].map(
                    (head) => (
                      <th key={head} scope="col" className={styles.number}>
                        {head}
                      </th>
                    ),
                  )}
                </tr>
              </thead>
              <tbody>
                <Total items={list.data} />
                {shown.map((item) => (
                  <tr key={`${item.source.host} ${item.source.fid}`}>
                    <th scope="row" title={visible(`${item.source.host} ${item.source.path}`)}>
                      {visible(item.source.instance || item.source.containerName)}{' '}
                      <span className={styles.sub}>
                        {visible(
                          `${item.source.app} / ${item.source.env} · ${item.source.host} · ${fileName(item.source.path)} · ${item.source.reader}`,
                        )}
                      </span>
                    </th>
                    <td title={item.reason === null ? undefined : visible(item.reason)}>
                      {item.state === 'denied' || item.state === 'failed' ? (
                        <span className={styles.bad}>{item.state}</span>
                      ) : (
                        item.state
                      )}
                      {item.reason !== null && <span className={styles.sub}> {visible(item.reason)}</span>}
                    </td>
                    <td className={styles.number} title={`${item.read} / ${item.size} B`}>
                      {bytes(item.read)}
                    </td>
                    <td className={styles.number}>{bytes(item.searchable)}</td>
                    <Dropped item={item} />
                    <td className={styles.number}>{bytes(item.inFlight)}</td>
                    <td className={styles.number}>{count(item.lines)}</td>
                    <td className={styles.number}>
                      <Moment iso={item.lastLineAt} zone={zone} now={now} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </div>
    </Frame>
  );
}

/** The last part of the path; a container's 64-digit id is cut as everywhere else. */
function fileName(path: string): string {
  return (path.split('/').at(-1) ?? '').replace(/[0-9a-f]{64}/, (id) => `${id.slice(0, 12)}…`);
}

function Total({ items }: { items: LedgerItem[] }) {
  const words = useWords().ledger;
  const sum = (of: (item: LedgerItem) => number) => items.reduce((total, item) => total + of(item), 0);
  return (
    <tr>
      <th scope="row">
        {words.total} <span className={styles.sub}>{count(items.length)}</span>
      </th>
      <td />
      <td className={styles.number}>{bytes(sum((item) => item.read))}</td>
      <td className={styles.number}>{bytes(sum((item) => item.searchable))}</td>
      <td className={styles.number}>{bytes(sum(dropped))}</td>
      <td className={styles.number}>{bytes(sum((item) => item.inFlight))}</td>
      <td className={styles.number}>{count(sum((item) => item.lines))}</td>
      <td />
    </tr>
  );
}

function Dropped({ item }: { item: LedgerItem }) {
  const all = dropped(item);
  const reasons = Object.entries(item.dropped).filter(([, value]) => value > 0);
  return (
    <td className={styles.number}>
      {all === 0 ? (
        bytes(0)
      ) : (
        <span className={styles.warn}>
          {reasons.map(([reason, value]) => `${visible(reason)} ${bytes(value)}`).join(', ')}
        </span>
      )}
    </td>
  );
}
