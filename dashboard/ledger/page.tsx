import { useCallback, useMemo } from 'react';
import { exactTerm, readFilter } from '../fleet/filter.ts';
import { type Column, FleetGrid } from '../fleet/fleet-grid.tsx';
import shared from '../fleet/list.module.css';
import { Nothing } from '../fleet/list-head.tsx';
import { ListPage } from '../fleet/list-page.tsx';
import { sortRows } from '../fleet/order.ts';
import { useHeld, useHeldValue } from '../fleet/use-held.ts';
import { useListPage } from '../fleet/use-list-page.ts';
import { quotedClause, useQueryParser } from '../logs/query-parser.ts';
import { Button, Segments } from '../shell/controls.tsx';
import { usePreferences } from '../shell/preferences.tsx';
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
  const { zone } = usePreferences();
  const parser = useQueryParser();
  const write = parser?.writeClause ?? quotedClause;
  const list = useListPage('ledger', OFFERS, (client) => client.ledger);
  const { url, asked, wanted, now, basis, onOpen } = list;

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
  const shown = useHeld(sorted, basis, list.held);
  const stuck = useHeldValue(found, basis, list.held);

  const { show: showList } = list;
  const show = useCallback((filter: string) => showList({ filter, picks: [], by: 'file', open: null }), [showList]);
  const onFiles = useCallback(
    ({ group: of, files: [{ item }] }: Data) =>
      show(
        of === 'host'
          ? exactTerm('host', item.source.host)
          : `${exactTerm('app', item.source.app)} ${exactTerm('env', item.source.env)}`,
      ),
    [show],
  );
  const counts = countPicks(found);
  return (
    <ListPage
      list={list}
      words={words}
      fields={FIELDS}
      beside={
        <Segments<Group>
          label={words.by}
          value={group}
          options={GROUPS.map((one) => ({ value: one, text: words.groups[one] }))}
          onChange={(by) => list.change({ by, open: null }, 'push')}
        />
      }
      chips={PICKS.map((pick) => ({
        id: pick,
        text: words[pick],
        count: counts.get(pick) ?? 0,
        alarm: pick === 'trouble' || pick === 'lost',
      }))}
      found={found.length}
      known={files?.length ?? null}
      summary={(known) => words.summary(picked.length, known)}
      waiting={shown.waiting}
    >
      <div className={shared.scroll}>
        <Sums row={sums} />
        <Stuck files={stuck} onShow={show} />
        {shown.rows.length === 0 ? (
          <Nothing title={words.none} hint={words.noneHint(files?.length ?? 0)}>
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
            onSort={list.onSort}
            onOpen={onOpen}
            onHold={list.onHold}
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
    </ListPage>
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
