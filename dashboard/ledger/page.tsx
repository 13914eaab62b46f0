import { useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import { useClient } from '../client/client.tsx';
import { Command } from '../fleet/command.tsx';
import { exactTerm, readFilter } from '../fleet/filter.ts';
import { type Column, FleetGrid } from '../fleet/fleet-grid.tsx';
import list from '../fleet/list.module.css';
import { Chips, FilterField, ListStatus, Nothing } from '../fleet/list-head.tsx';
import { useListUrl } from '../fleet/list-url.ts';
import { sortRows } from '../fleet/order.ts';
import { useHeld, useHeldValue } from '../fleet/use-held.ts';
import { useFleetList } from '../fleet/use-list.ts';
import { isoTime } from '../format/time.ts';
import { quotedClause, useQueryParser } from '../logs/query-parser.ts';
import { Button, Segments } from '../shell/controls.tsx';
import { Frame } from '../shell/frame.tsx';
import { useKeys } from '../shell/keys.ts';
import { usePreferences } from '../shell/preferences.tsx';
import { Failed, Skeleton } from '../shell/state.tsx';
import type { FleetWords } from '../words/en-fleet.ts';
import { useFleetWords } from '../words/fleet-words.ts';
import styles from './page.module.css';
import { LedgerRow } from './row.tsx';
import {
  COLUMNS,
  countPicks,
  type LedgerRow as Data,
  FIELDS,
  filesOf,
  GROUPS,
  type Group,
  isPicked,
  PICKS,
  rowsOf,
  sumRow,
  tieOf,
} from './rows.ts';
import { Stuck, Sums } from './summary.tsx';

const OFFERS = { picks: PICKS, sorts: COLUMNS, groups: GROUPS };

/** For each file, app and host: bytes read = searchable + dropped + in flight; what is behind, and why. */
export function LedgerPage() {
  const fleet = useFleetWords();
  const words = fleet.ledger;
  const client = useClient();
  const { zone } = usePreferences();
  const parser = useQueryParser();
  const write = parser?.writeClause ?? quotedClause;
  const [url, change, type] = useListUrl(OFFERS);
  const [filter, setFilter] = useState(url.filter);
  useEffect(() => setFilter(url.filter), [url.filter]);
  const [held, setHeld] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const asked = useFleetList('ledger', client.ledger);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the clock is read when an answer comes
  const now = useMemo(() => client.nowUs(), [client, asked.dataUpdatedAt]);

  const wanted = useDeferredValue(filter);
  const files = useMemo(() => (asked.data === undefined ? null : filesOf(asked.data, now)), [asked.data, now]);
  const found = useMemo(() => {
    const matches = readFilter(wanted, FIELDS);
    return (files ?? []).filter((file) => matches(file.found));
  }, [files, wanted]);
  const picked = useMemo(() => found.filter((file) => isPicked(file, url.picks)), [found, url.picks]);
  const group = url.by as Group;
  const sorted = useMemo(() => {
    const column = COLUMNS.find(({ id }) => id === url.sort) ?? COLUMNS[0];
    return sortRows(rowsOf(picked, group), column.value, url.desc, tieOf);
  }, [picked, group, url.sort, url.desc]);
  const sums = useMemo(() => sumRow('sums', 'host', picked), [picked]);
  const [again, setAgain] = useState(0);
  const basis = JSON.stringify([wanted, url.picks, url.by, url.sort, url.desc, again]);
  const shown = useHeld(sorted, basis, held);
  const stuck = useHeldValue(found, basis, held);

  const onOpen = useCallback((key: string | null) => change({ open: key }, 'replace'), [change]);
  const onSort = useCallback((sort: string, desc: boolean) => change({ sort, desc }, 'push'), [change]);
  const show = useCallback(
    (text: string) => {
      setFilter(text);
      change({ filter: text, picks: [], by: 'file', open: null }, 'push');
    },
    [change],
  );
  const onFiles = useCallback(
    ({ group: of, files: [{ item }] }: Data) =>
      show(
        of === 'host'
          ? exactTerm('host', item.source.host)
          : `${exactTerm('app', item.source.app)} ${exactTerm('env', item.source.env)}`,
      ),
    [show],
  );
  useKeys({
    '/': () => field.current?.focus(),
    r: () => void asked.refetch(),
  });
  const counts = countPicks(found);
  return (
    <Frame title={words.title}>
      <div className={list.page}>
        <header className={list.head}>
          <h1>{words.title}</h1>
          <FilterField
            value={filter}
            label={words.search}
            fields={FIELDS}
            field={field}
            onChange={setFilter}
            onLink={type}
          />
          <Segments<Group>
            label={words.by}
            value={group}
            options={GROUPS.map((one) => ({ value: one, text: words.groups[one] }))}
            onChange={(by) => change({ by, open: null }, 'push')}
          />
          <Chips
            label={words.picks}
            all={words.all}
            total={found.length}
            picks={url.picks}
            options={PICKS.map((pick) => ({
              id: pick,
              text: words[pick],
              count: counts.get(pick) ?? 0,
              alarm: pick === 'trouble' || pick === 'lost',
            }))}
            onChange={(picks) => change({ picks }, 'push')}
          />
        </header>
        {files !== null && (
          <ListStatus
            summary={words.summary(picked.length, files.length)}
            staleSince={asked.error === null ? null : isoTime(asked.dataUpdatedAt * 1000)}
            waiting={held && shown.waiting}
            zone={zone}
            now={now}
            onAgain={() => asked.refetch()}
            onOrder={() => setAgain(again + 1)}
          />
        )}
        {asked.error !== null && files === null ? (
          <Failed error={asked.error} onAgain={() => asked.refetch()} />
        ) : files === null ? (
          <Skeleton />
        ) : files.length === 0 ? (
          <Nothing title={words.empty} hint={words.emptyHint}>
            <p>{words.doctor}</p>
            <Command text="npx fleetlog doctor" />
          </Nothing>
        ) : (
          <div className={list.scroll}>
            <Sums row={sums} />
            <Stuck files={stuck} onShow={show} />
            {shown.rows.length === 0 ? (
              <Nothing title={words.none} hint={words.noneHint(files.length)}>
                <Button onClick={() => show('')}>{fleet.fleet.clear}</Button>
              </Nothing>
            ) : (
              <FleetGrid
                label={words.title}
                className={group === 'file' ? styles.ledger : styles.grouped}
                columns={columnsOf(fleet, group)}
                rows={shown.rows}
                sort={url.sort}
                desc={url.desc}
                open={url.open}
                basis={basis}
                onSort={onSort}
                onOpen={onOpen}
                onHold={setHeld}
              >
                {(row, of) => (
                  <LedgerRow
                    key={row.key}
                    row={row}
                    {...of}
                    zone={zone}
                    now={now}
                    write={write}
                    onOpen={onOpen}
                    onFiles={onFiles}
                  />
                )}
              </FleetGrid>
            )}
          </div>
        )}
      </div>
    </Frame>
  );
}

function columnsOf({ ledger: words, fleet }: FleetWords, group: Group): Column[] {
  return [
    { id: 'name', text: words.name[group] },
    { id: 'state', text: words.state },
    ...(group === 'file' ? [] : [{ id: 'files', text: words.files, number: true }]),
    { id: 'read', text: words.read, number: true },
    { id: 'searchable', text: words.searchable, number: true },
    { id: 'dropped', text: words.dropped, number: true },
    { id: 'inFlight', text: words.inFlight, number: true },
    { id: 'lines', text: words.lines, number: true },
    { id: 'last', text: words.last, number: true },
    { id: 'details', text: fleet.details, fixed: true },
  ];
}
