import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import type { ApiHost } from '../../api/contract.ts';
import { bytes, count, duration } from '../format/number.ts';
import { absolute } from '../format/range.ts';
import { Button } from '../shell/controls.tsx';
import { Icon } from '../shell/icon.tsx';
import { Failed, Skeleton } from '../shell/state.tsx';
import { useCopy } from '../shell/toast.tsx';
import { useWords } from '../words/words.tsx';
import { ContextDrawer } from './context-drawer.tsx';
import { useFacets, useHistogram, useJoined, useRows } from './data.ts';
import { Empty } from './empty.tsx';
import { remarks } from './explanations.ts';
import { FacetSheet } from './facet-sheet.tsx';
import { Facets } from './facets.tsx';
import { FirstRun } from './first-run.tsx';
import { Footer } from './footer.tsx';
import { Histogram } from './histogram.tsx';
import { readBrush, totalIn } from './histogram-model.ts';
import { withDays } from './items.ts';
import styles from './page.module.css';
import type { LogsPage } from './page-state.ts';
import { excludeValue, onlyValue, toggleValue } from './query-edit.ts';
import { pageLink, useRowActions } from './row-actions.ts';
import { useRowKeys } from './row-keys.ts';
import { RowList, type RowListHandle } from './row-list.tsx';
import { RowsBar } from './rows-bar.tsx';
import { rangePhrase } from './time-box.tsx';

/** Filters, histogram, rows, context and footer of one run. */
export function SearchView({ page, hosts }: { page: LogsPage; hosts: ApiHost[] | undefined }) {
  const { url, change, run, zone, nowUs } = page;
  const words = useWords();
  const copy = useCopy();
  const [, navigate] = useLocation();
  const list = useRef<RowListHandle>(null);
  const [columns, setColumns] = useState(100);
  const [focus, setFocus] = useState<string | null>(null);
  const brush = useMemo(() => readBrush(url.brush, nowUs), [url.brush, nowUs]);
  const range = brush ?? run.range;

  const rows = useRows(run, range, url.order, page.anchor, true);
  const histogram = useHistogram(run, page.narrow ? 60 : 120);
  const facets = useFacets(run, range, page.facets);
  const joined = useJoined(rows.data?.pages);
  const { answer, records } = joined;
  const items = useMemo(() => withDays(records, zone, nowUs), [records, zone, nowUs]);
  const view = useMemo(
    () => ({ zone, wrap: url.wrap, narrow: page.narrow, finder: page.finder, columns }),
    [zone, url.wrap, page.narrow, page.finder, columns],
  );
  const actions = useRowActions({
    url,
    range,
    zone,
    write: page.write,
    change,
    onRun: page.runQuery,
    onFocus: setFocus,
  });
  const total = totalIn(histogram.data, range, brush === null);

  const { fetchNextPage, hasNextPage, isFetchingNextPage, isFetchNextPageError } = rows;
  const onNearEnd = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage && !isFetchNextPageError) fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage]);
  const onScroll = useCallback(
    (_: number, fromStart: number) => {
      if (fromStart < 200 && rows.hasPreviousPage && !rows.isFetchingPreviousPage) rows.fetchPreviousPage();
    },
    [rows.hasPreviousPage, rows.isFetchingPreviousPage, rows.fetchPreviousPage],
  );

  // A line link opens scrolled to its line.
  const shownAnchor = useRef<string | null>(null);
  useEffect(() => {
    if (page.anchor === null || shownAnchor.current === page.anchor || !items.some((item) => item.key === page.anchor))
      return;
    shownAnchor.current = page.anchor;
    setFocus(page.anchor);
    list.current?.scrollToKey(page.anchor, 'center');
  }, [page.anchor, items]);

  const edit = (how: typeof toggleValue) => (field: string, value: string) =>
    page.runQuery(how(url.query, field, value, page.write));
  const zoom = () => {
    if (brush === null) page.zoomOut();
    else page.zoomTo(brush);
  };
  useRowKeys({
    page,
    items,
    focus,
    setFocus,
    list,
    actions,
    zoom,
    clearBrush: () => change({ brush: null }),
    hasBrush: brush !== null,
  });

  const fetching = rows.isFetching && !rows.isFetchingNextPage && !rows.isFetchingPreviousPage;
  const { setRunning, setRefused, setEmpty } = page;
  const nothing = answer !== null && records.length === 0;
  useEffect(() => setRunning(fetching), [fetching, setRunning]);
  useEffect(() => setEmpty(nothing), [nothing, setEmpty]);
  useEffect(() => setRefused(rows.error), [rows.error, setRefused]);

  const firstRun =
    records.length === 0 && hosts?.every((host) => host.lastLineAt === null && host.containers === 0) === true;
  const explainContext = { query: url.query, zone, nowUs, range, words, write: page.write };
  const notes = answer === null || records.length === 0 ? [] : remarks(answer.notes, { words, zone });
  const facetPanel = (
    <Facets
      view={facets}
      query={url.query}
      gaps={answer?.gaps ?? []}
      onToggle={edit(toggleValue)}
      onOnly={edit(onlyValue)}
      onExclude={edit(excludeValue)}
    />
  );
  if (firstRun && answer !== null && hosts !== undefined) return <FirstRun hosts={hosts} />;

  return (
    <>
      <div
        className={[styles.body, !page.facetColumn && styles.folded, url.context !== null && styles.drawer]
          .filter(Boolean)
          .join(' ')}
      >
        {page.facetColumn && facetPanel}
        {page.sheet && <FacetSheet onClose={page.closeSheet}>{facetPanel}</FacetSheet>}
        <section className={styles.stream}>
          <Histogram
            answer={histogram.data}
            error={histogram.error}
            zone={zone}
            narrow={page.narrow}
            brush={brush}
            onBrush={(next) =>
              change({ brush: next === null ? null : absolute(next) }, url.brush === null ? 'push' : 'replace')
            }
            onZoom={zoom}
          />
          <RowsBar
            order={url.order}
            wrap={url.wrap}
            zone={zone}
            nowUs={nowUs}
            folded={page.wide ? !page.facetColumn : null}
            onOrder={() => change({ order: url.order === 'desc' ? 'asc' : 'desc' })}
            onWrap={page.toggleWrap}
            onZone={page.toggleZone}
            onFold={page.toggleFacets}
          />
          {notes.map((note) => (
            <div className={styles.remark} key={note}>
              <Icon name="warning" size={14} />
              {note}
            </div>
          ))}
          {rows.error !== null && !rows.isFetchNextPageError ? (
            <Failed error={rows.error} onAgain={page.again} />
          ) : rows.data === undefined ? (
            rows.fetchStatus === 'idle' ? (
              <div className={styles.stopped}>
                {words.logs.query.stopped}
                <Button icon="again" onClick={page.again}>
                  {words.tryAgain}
                </Button>
              </div>
            ) : (
              <Skeleton />
            )
          ) : records.length === 0 && answer !== null && !rows.isPlaceholderData ? (
            <Empty
              answer={answer}
              rangePhrase={rangePhrase({ text: url.brush ?? url.range, range, zone, nowUs }, words)}
              context={explainContext}
              onApply={(one) =>
                one.action?.change === '/ledger' ? navigate('/ledger') : page.apply(one.action!.change as object)
              }
            />
          ) : (
            <RowList
              label={words.logs.rows.label}
              items={items}
              rowCount={total ?? -1}
              view={view}
              actions={actions}
              focus={focus}
              open={url.open}
              old={rows.isPlaceholderData}
              onNearEnd={onNearEnd}
              onScroll={onScroll}
              onColumns={setColumns}
              handle={list}
              foot={<RowsEnd rows={rows} loaded={records.length} total={total} ascending={url.order === 'asc'} />}
            />
          )}
        </section>
        {url.context !== null && (
          <ContextDrawer
            key={url.context}
            id={url.context}
            scope={url.scope}
            zone={zone}
            onScope={(scope) => change({ scope }, 'replace')}
            onClose={() => change({ context: null })}
            onCopyLink={() => copy(pageLink(url, run.range, zone), words.logs.rows.linkCopied)}
          />
        )}
      </div>
      <Footer
        completeTo={answer?.completeTo}
        gaps={answer?.gaps ?? []}
        zone={zone}
        to={range.to}
        nowUs={nowUs}
        middle={
          answer === null
            ? null
            : words.logs.foot.loaded(count(records.length), total === null ? words.unknown : count(total))
        }
        right={
          answer === null
            ? null
            : words.logs.foot.took(words.duration(duration(joined.tookMs)), bytes(joined.bytesRead))
        }
      />
    </>
  );
}

function RowsEnd(props: {
  rows: ReturnType<typeof useRows>;
  loaded: number;
  total: number | null;
  ascending: boolean;
}) {
  const words = useWords();
  const { rows } = props;
  if (rows.isFetchNextPageError) {
    return (
      <div className={styles.remark}>
        <Icon name="warning" size={14} />
        {words.logs.rows.moreFailed}
        <Button small icon="again" onClick={() => rows.fetchNextPage()}>
          {words.tryAgain}
        </Button>
      </div>
    );
  }
  const text = rows.hasNextPage
    ? words.logs.rows.shown(count(props.loaded), props.total === null ? words.unknown : count(props.total))
    : props.ascending
      ? words.logs.rows.endAscending
      : words.logs.rows.end;
  return <div className={`${styles.end} num`}>{text}</div>;
}
