import { useMemo } from 'react';
import { useLocation } from 'wouter';
import { readFilter } from '../fleet/filter.ts';
import { type Column, FleetGrid } from '../fleet/fleet-grid.tsx';
import shared from '../fleet/list.module.css';
import { Nothing } from '../fleet/list-head.tsx';
import { ListPage } from '../fleet/list-page.tsx';
import { sortRows } from '../fleet/order.ts';
import { useHeld } from '../fleet/use-held.ts';
import { useListPage } from '../fleet/use-list-page.ts';
import { quotedClause, useQueryParser } from '../logs/query-parser.ts';
import { Button } from '../shell/controls.tsx';
import { usePreferences } from '../shell/preferences.tsx';
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
  const [, navigate] = useLocation();
  const { zone } = usePreferences();
  const parser = useQueryParser();
  const write = parser?.writeClause ?? quotedClause;
  const list = useListPage('containers', OFFERS, (client) => client.containers);
  const { url, asked, wanted, now, basis, onOpen } = list;

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
  const shown = useHeld(sorted, basis, list.held);
  const counts = countPicks(found);
  return (
    <ListPage
      list={list}
      words={words}
      fields={FIELDS}
      chips={PICKS.filter(
        (pick) => ALWAYS.has(pick) || url.picks.includes(pick) || rows?.some((row) => row.one.state === pick),
      ).map((pick) => ({
        id: pick,
        text: pick === 'attention' ? words.attention : words.states[pick],
        count: counts.get(pick) ?? 0,
        alarm: pick === 'attention',
      }))}
      found={found.length}
      known={rows?.length ?? null}
      summary={(known) => words.summary(sorted.length, known)}
      waiting={shown.waiting}
    >
      {shown.rows.length === 0 ? (
        <Nothing title={words.none} hint={words.noneHint(rows?.length ?? 0)}>
          <Button onClick={() => list.show({ filter: '', picks: [] })}>{fleet.fleet.clear}</Button>
        </Nothing>
      ) : (
        <div className={shared.scroll}>
          <FleetGrid
            label={words.title}
            className={styles.containers}
            columns={columnsOf(fleet)}
            rows={shown.rows}
            sort={url.sort}
            desc={url.desc}
            open={url.open}
            basis={basis}
            onSort={list.onSort}
            onOpen={onOpen}
            onHold={list.onHold}
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
    </ListPage>
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
