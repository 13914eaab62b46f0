import { useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { useClient } from '../client/client.tsx';
import { Command } from '../fleet/command.tsx';
import { readFilter } from '../fleet/filter.ts';
import { type Column, FleetGrid } from '../fleet/fleet-grid.tsx';
import list from '../fleet/list.module.css';
import { Chips, FilterField, ListStatus, Nothing } from '../fleet/list-head.tsx';
import { useListUrl } from '../fleet/list-url.ts';
import { sortRows } from '../fleet/order.ts';
import { useHeld } from '../fleet/use-held.ts';
import { useFleetList } from '../fleet/use-list.ts';
import { isoTime } from '../format/time.ts';
import { quotedClause, useQueryParser } from '../logs/query-parser.ts';
import { Button } from '../shell/controls.tsx';
import { Frame } from '../shell/frame.tsx';
import { useKeys } from '../shell/keys.ts';
import { usePreferences } from '../shell/preferences.tsx';
import { Failed, Skeleton } from '../shell/state.tsx';
import type { FleetWords } from '../words/en-fleet.ts';
import { useFleetWords } from '../words/fleet-words.ts';
import { logsLink } from './logs-link.ts';
import styles from './page.module.css';
import { ContainerRow } from './row.tsx';
import { COLUMNS, countPicks, FIELDS, isPicked, PICKS, rowsOf, tieOf } from './rows.ts';

const OFFERS = { picks: PICKS, sorts: COLUMNS, groups: ['container'] };
/** Chips that are there even when no row is of that kind: people look for them. */
const ALWAYS = new Set<string>(['attention', 'running', 'removed']);

/** What runs where, also what ran: removed containers stay as long as their lines. */
export function ContainersPage() {
  const fleet = useFleetWords();
  const words = fleet.containers;
  const client = useClient();
  const [, navigate] = useLocation();
  const { zone } = usePreferences();
  const parser = useQueryParser();
  const write = parser?.writeClause ?? quotedClause;
  const [url, change, type] = useListUrl(OFFERS);
  const [filter, setFilter] = useState(url.filter);
  useEffect(() => setFilter(url.filter), [url.filter]);
  const [held, setHeld] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const asked = useFleetList('containers', client.containers);
  // Ages are those of the answer: rows are drawn anew when it comes, not with every key.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the clock is read when an answer comes
  const now = useMemo(() => client.nowUs(), [client, asked.dataUpdatedAt]);

  const wanted = useDeferredValue(filter);
  const rows = useMemo(() => (asked.data === undefined ? null : rowsOf(asked.data)), [asked.data]);
  const found = useMemo(() => {
    const matches = readFilter(wanted, FIELDS);
    return (rows ?? []).filter((row) => matches(row.found));
  }, [rows, wanted]);
  const sorted = useMemo(() => {
    const column = COLUMNS.find(({ id }) => id === url.sort) ?? COLUMNS[0];
    const picked = found.filter((row) => isPicked(row, url.picks));
    return sortRows(picked, column.value, url.desc, tieOf);
  }, [found, url.picks, url.sort, url.desc]);
  const [again, setAgain] = useState(0);
  const basis = JSON.stringify([wanted, url.picks, url.sort, url.desc, again]);
  const shown = useHeld(sorted, basis, held);

  const onOpen = useCallback((key: string | null) => change({ open: key }, 'replace'), [change]);
  const onSort = useCallback((sort: string, desc: boolean) => change({ sort, desc }, 'push'), [change]);
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
          <Chips
            label={words.picks}
            all={words.all}
            total={found.length}
            picks={url.picks}
            options={PICKS.filter(
              (pick) => ALWAYS.has(pick) || url.picks.includes(pick) || rows?.some((row) => row.one.state === pick),
            ).map((pick) => ({
              id: pick,
              text: pick === 'attention' ? words.attention : words.states[pick],
              count: counts.get(pick) ?? 0,
              alarm: pick === 'attention',
            }))}
            onChange={(picks) => change({ picks }, 'push')}
          />
        </header>
        {rows !== null && (
          <ListStatus
            summary={words.summary(sorted.length, rows.length)}
            staleSince={asked.error === null ? null : isoTime(asked.dataUpdatedAt * 1000)}
            waiting={held && shown.waiting}
            zone={zone}
            now={now}
            onAgain={() => asked.refetch()}
            onOrder={() => setAgain(again + 1)}
          />
        )}
        {asked.error !== null && rows === null ? (
          <Failed error={asked.error} onAgain={() => asked.refetch()} />
        ) : rows === null ? (
          <Skeleton />
        ) : rows.length === 0 ? (
          <Nothing title={words.empty} hint={words.emptyHint}>
            <p>{words.doctor}</p>
            <Command text="npx fleetlog doctor" />
          </Nothing>
        ) : shown.rows.length === 0 ? (
          <Nothing title={words.none} hint={words.noneHint(rows.length)}>
            <Button
              onClick={() => {
                setFilter('');
                change({ filter: '', picks: [] }, 'push');
              }}
            >
              {fleet.fleet.clear}
            </Button>
          </Nothing>
        ) : (
          <div className={list.scroll}>
            <FleetGrid
              label={words.title}
              className={styles.containers}
              columns={columnsOf(fleet)}
              rows={shown.rows}
              sort={url.sort}
              desc={url.desc}
              open={url.open}
              basis={basis}
              onSort={onSort}
              onOpen={onOpen}
              onHold={setHeld}
              onKey={(key, row) => {
                if (key !== 'l') return false;
                navigate(logsLink(row.one, write, now));
                return true;
              }}
            >
              {(row, of) => (
                <ContainerRow key={row.key} row={row} {...of} zone={zone} now={now} write={write} onOpen={onOpen} />
              )}
            </FleetGrid>
          </div>
        )}
      </div>
    </Frame>
  );
}

function columnsOf({ containers: words, fleet }: FleetWords): Column[] {
  return [
    { id: 'app', text: words.app },
    { id: 'env', text: words.env },
    { id: 'host', text: words.host },
    { id: 'state', text: words.state },
    { id: 'version', text: words.version },
    { id: 'since', text: words.since, number: true },
    { id: 'restarts', text: words.restarts, number: true },
    { id: 'last', text: words.last, number: true },
    { id: 'rate', text: words.rate, number: true },
    { id: 'delay', text: words.delay, number: true },
    { id: 'dropped', text: words.dropped, number: true },
    { id: 'read', text: words.read, number: true },
    { id: 'details', text: fleet.details, fixed: true },
  ];
}
