import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import type { ApiHost } from '../../api/contract.ts';
import { useClient } from '../client/client.tsx';
import { absolute, type Range } from '../format/range.ts';
import { microseconds } from '../format/time.ts';
import { Button } from '../shell/controls.tsx';
import { Icon } from '../shell/icon.tsx';
import { Failed, Skeleton } from '../shell/state.tsx';
import { useCopy } from '../shell/toast.tsx';
import { useWords } from '../words/words.tsx';
import { ContextDrawer } from './context-drawer.tsx';
import { FACET_FIELDS, span, useFacets, useGhost, useHistogram, useMarks } from './data.ts';
import { Empty } from './empty.tsx';
import { remarks } from './explanations.ts';
import { FacetSheet } from './facet-sheet.tsx';
import { Facets } from './facets.tsx';
import { FirstRun } from './first-run.tsx';
import { Histogram } from './histogram.tsx';
import { readBrush, totalIn } from './histogram-model.ts';
import { createWindowStore } from './on-screen.tsx';
import styles from './page.module.css';
import type { LogsPage } from './page-state.ts';
import { Pinned } from './pinned.tsx';
import { excludeValue, onlyValue, toggleValue } from './query-edit.ts';
import { pageLink, useRowActions } from './row-actions.ts';
import { useRowKeys } from './row-keys.ts';
import { RowList, type RowListHandle } from './row-list.tsx';
import type { Item } from './row-view.ts';
import { RowsBar } from './rows-bar.tsx';
import { RowsEnd } from './rows-end.tsx';
import { SearchFooter } from './search-footer.tsx';
import { seenFields } from './seen-fields.ts';
import { rangePhrase } from './time-box.tsx';
import { useRowView } from './use-row-view.ts';
import { type Start, useRows } from './use-rows.ts';
import { type WordAt, WordMenu } from './word-menu.tsx';

const PatternsTab = lazy(() => import('./patterns-tab.tsx'));
const ExplainTab = lazy(() => import('./explain-tab.tsx'));
/** So many lines left are simply read on the way to the last one; more are jumped over. */
const NEAR_END = 5_000;

/** Filters, histogram, rows, context and footer of one run. */
export function SearchView({ page, hosts }: { page: LogsPage; hosts: ApiHost[] | undefined }) {
  const { url, change, run, zone, nowUs } = page;
  const words = useWords();
  const client = useClient();
  const copy = useCopy();
  const [, navigate] = useLocation();
  const list = useRef<RowListHandle>(null);
  const [columns, setColumns] = useState(100);
  const [focus, setFocus] = useState<string | null>(null);
  const [word, setWord] = useState<WordAt | null>(null);
  const [spread, setSpread] = useState<ReadonlySet<string>>(new Set());
  const [atEnd, setAtEnd] = useState<unknown>(null);
  const [shownWindow] = useState(createWindowStore);
  const brush = useMemo(() => readBrush(url.brush, nowUs), [url.brush, nowUs]);
  const baseline = useMemo(() => readBrush(url.baseline, nowUs), [url.baseline, nowUs]);
  const [picking, setPicking] = useState<'spike' | 'baseline'>('spike');
  const range = brush ?? run.range;
  const bars = page.narrow ? 60 : 120;

  const histogram = useHistogram(run, bars, url.by);
  const ghost = useGhost(run, bars, url.compare);
  const marks = useMarks(run);
  const fields = useMemo(() => [...FACET_FIELDS, ...url.facets], [url.facets]);
  const facets = useFacets(run, range, fields, page.facets);
  const itemOptions = useMemo(
    () => ({ zone, nowUs, order: url.order, marks, repeats: url.repeats, spread }),
    [zone, nowUs, url.order, marks, url.repeats, spread],
  );
  // A jump to the end belongs to one run; another one begins at its beginning again.
  const runId = `${url.query} ${range.from} ${range.to} ${run.at} ${url.order}`;
  const start = useMemo<Start>(
    () => (atEnd === runId ? 'end' : page.anchor === null ? null : { line: page.anchor }),
    [atEnd, runId, page.anchor],
  );
  const rows = useRows(run, range, url.order, start, itemOptions);
  const { answer, list: items } = rows;
  const view = useRowView(page, columns);
  const openWord = useCallback((text: string, x: number, y: number) => setWord({ text, x, y }), []);
  const closeWord = useCallback(() => setWord(null), []);
  const { apply } = page;
  const actions = useRowActions({
    url,
    range,
    zone,
    write: page.write,
    change,
    onRun: page.runQuery,
    onFocus: setFocus,
    onRange: useCallback((next, open) => apply({ range: next, brush: null, open }), [apply]),
    onPin: page.togglePin,
    onSpread: (id, on) =>
      setSpread((before) => {
        const next = new Set(before);
        if (on) next.add(id);
        else next.delete(id);
        return next;
      }),
    onWord: openWord,
  });
  const total = totalIn(histogram.data?.answer, range, brush === null);

  const { loadMore, more, loading, error, pages } = rows;
  const onNearEnd = useCallback(() => {
    if (more.down && !loading.down && error === null) loadMore('down');
  }, [more.down, loading.down, error, loadMore]);
  const onNearStart = useCallback(() => {
    if (more.up && !loading.up && error === null) loadMore('up');
  }, [more.up, loading.up, error, loadMore]);
  const onWindow = useCallback(
    (first: number, last: number) => {
      pages.near(first, last);
      shownWindow.set(timesOf(items.at(first), items.at(last)));
    },
    [pages, items, shownWindow],
  );

  const toEnd = async (which: 'first' | 'last') => {
    const goTo = (index: number) => {
      const item = items.at(index);
      if (item === null) return;
      setFocus(item.key);
      list.current?.scrollToKey(item.key, which === 'first' ? 'start' : 'auto');
      list.current?.focusRow(item.key);
    };
    if (which === 'first') {
      if (atEnd === runId && more.up) setAtEnd(null);
      else goTo(0);
    } else if (more.down && total !== null && total - rows.lines > NEAR_END) {
      setAtEnd(runId);
    } else {
      if (more.down) loadMore('down');
      goTo(items.length - 1);
    }
  };
  // Another run is looked at from its beginning, lines read from the end from the end.
  const looked = useRef<unknown>(null);
  useEffect(() => {
    if (rows.old || items.length === 0 || looked.current === pages) return;
    const first = looked.current === null;
    looked.current = pages;
    if (start === 'end') list.current?.scrollToEnd();
    else if (!first && start === null) list.current?.scrollToStart();
  }, [rows.old, items.length, pages, start]);
  // Keys begin at the top of another result, also when the line they were at is in it too.
  const asked = useRef(url.query);
  useEffect(() => {
    if (asked.current !== url.query) setFocus(null);
    asked.current = url.query;
  }, [url.query]);

  // A line link opens scrolled to its line.
  const shownAnchor = useRef<string | null>(null);
  useEffect(() => {
    if (page.anchor === null || shownAnchor.current === page.anchor || items.find(page.anchor) < 0) return;
    shownAnchor.current = page.anchor;
    setFocus(page.anchor);
    list.current?.scrollToKey(page.anchor, 'center');
  }, [page.anchor, items]);

  const edit = (how: typeof toggleValue) => (field: string, value: string) =>
    page.runQuery(how(url.query, field, value, page.write));
  const findValues = useCallback(
    async (field: string, text: string) => {
      const clause = `${field}:*"${text.replace(/["\\]/g, '\\$&')}"*`;
      const query = url.query.trim() === '' ? clause : `(${url.query}) ${clause}`;
      const found = await client.facets({ query, ...span(range), fields: field, size: 50 });
      return found.facets[field] ?? [];
    },
    [client, url.query, range],
  );
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
    toEnd,
    zoom,
    clearBrush: () => change({ brush: null }),
    hasBrush: brush !== null,
  });

  const fetching = rows.old || (answer === null && error === null && !rows.stopped);
  const { setRunning, setRefused, setEmpty, setSeen, setTotal } = page;
  const nothing = answer !== null && items.length === 0 && !more.up && !rows.old;
  useEffect(() => setRunning(fetching), [fetching, setRunning]);
  useEffect(() => setEmpty(nothing), [nothing, setEmpty]);
  useEffect(() => setRefused(error), [error, setRefused]);
  useEffect(() => setTotal(total), [total, setTotal]);
  useEffect(() => {
    if (answer !== null) setSeen(seenFields(answer.records));
  }, [answer, setSeen]);

  const firstRun =
    rows.lines === 0 && hosts?.every((host) => host.lastLineAt === null && host.containers === 0) === true;
  const explainContext = { query: url.query, zone, nowUs, range, words, write: page.write };
  const notes = answer === null || rows.lines === 0 ? [] : remarks(answer.notes, { words, zone, range: run.range });
  const facetPanel = (
    <Facets
      view={facets}
      query={url.query}
      range={range}
      gaps={answer?.gaps ?? []}
      chosen={url.facets}
      seen={page.seen}
      onChosen={(next) => change({ facets: next })}
      onToggle={edit(toggleValue)}
      onOnly={edit(onlyValue)}
      onExclude={edit(excludeValue)}
      onFind={findValues}
    />
  );
  if (firstRun && answer !== null && hosts !== undefined) return <FirstRun hosts={hosts} />;
  const setBrush = (next: Range | null) => {
    if (url.tab === 'explain' && picking === 'baseline' && next !== null) {
      change({ baseline: absolute(next) }, url.baseline === null ? 'push' : 'replace');
      setPicking('spike');
    } else change({ brush: next === null ? null : absolute(next) }, url.brush === null ? 'push' : 'replace');
  };

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
            answer={histogram.data?.answer}
            by={histogram.data?.by ?? url.by}
            before={url.compare ? (ghost.data ?? null) : null}
            compare={url.compare}
            marks={marks}
            shown={url.tab === 'lines' ? shownWindow : null}
            error={histogram.error}
            zone={zone}
            narrow={page.narrow}
            brush={brush}
            baseline={url.tab === 'explain' ? baseline : null}
            onBrush={setBrush}
            onZoom={zoom}
            onBy={(by) => change({ by }, 'replace')}
            onCompare={() => change({ compare: !url.compare }, 'replace')}
            onMark={(mark) => {
              const key = `event ${mark.id}`;
              if (items.find(key) >= 0) {
                setFocus(key);
                list.current?.scrollToKey(key, 'center');
              } else page.apply({ range: absolute({ from: mark.time - 300e6, to: mark.time + 300e6 }), brush: null });
            }}
          />
          <RowsBar
            url={url}
            zone={zone}
            nowUs={nowUs}
            folded={page.wide ? !page.facetColumn : null}
            seen={page.seen}
            range={range}
            onTab={(tab) => change({ tab, open: null })}
            onOrder={(order) => change({ order })}
            onWrap={page.toggleWrap}
            onZone={page.toggleZone}
            onFold={page.toggleFacets}
            onView={(part) => change(part, 'replace')}
          />
          {notes.map((note) => (
            <div className={styles.remark} key={note.text}>
              <Icon name="warning" size={14} />
              {note.text}
              {note.action !== null && (
                <Button small look="ghost" onClick={() => page.apply(note.action!.change)}>
                  {note.action.label}
                </Button>
              )}
            </div>
          ))}
          {page.pinned.length > 0 && <Pinned page={page} onOpen={(record) => actions.context(record.id)} />}
          {url.tab !== 'lines' ? (
            <Suspense fallback={<Skeleton />}>
              {url.tab === 'patterns' ? (
                <PatternsTab page={page} range={range} />
              ) : (
                <ExplainTab page={page} spike={brush} baseline={baseline} picking={picking} onPicking={setPicking} />
              )}
            </Suspense>
          ) : error !== null && rows.lines === 0 ? (
            <Failed error={error} onAgain={page.again} />
          ) : answer === null ? (
            rows.stopped ? (
              <div className={styles.stopped}>
                {words.logs.query.stopped}
                <Button icon="again" onClick={page.again}>
                  {words.tryAgain}
                </Button>
              </div>
            ) : (
              <Skeleton />
            )
          ) : nothing ? (
            <Empty
              answer={answer}
              rangePhrase={rangePhrase({ text: url.brush ?? url.range, range, zone, nowUs }, words)}
              context={explainContext}
              onApply={(one) =>
                one.action?.change === '/ledger' ? navigate('/ledger') : page.apply(one.action!.change as object)
              }
              onMendAll={page.runQuery}
            />
          ) : (
            <RowList
              label={words.logs.rows.label}
              items={items}
              rowCount={total ?? -1}
              view={view}
              actions={actions}
              scope={{ query: url.query, range }}
              focus={focus}
              open={url.open}
              old={rows.old}
              onNearEnd={onNearEnd}
              onNearStart={onNearStart}
              onWindow={onWindow}
              onColumns={setColumns}
              handle={list}
              foot={<RowsEnd rows={rows} total={total} ascending={url.order === 'asc'} />}
            />
          )}
        </section>
        {url.context !== null && (
          <ContextDrawer
            key={url.context}
            id={url.context}
            scope={url.scope}
            find={url.find}
            zone={zone}
            onScope={(scope) => change({ scope }, 'replace')}
            onFind={(find) => change({ find }, 'replace')}
            onClose={() => change({ context: null, find: '' })}
            onCopyLink={() => copy(pageLink(url, run.range, zone), words.logs.rows.linkCopied)}
          />
        )}
      </div>
      {word !== null && <WordMenu word={word} actions={actions} onClose={closeWord} />}
      <SearchFooter
        rows={rows}
        range={range}
        whole={histogram.data?.answer}
        picked={brush !== null}
        total={total}
        page={page}
      />
    </>
  );
}

/** The time between two items of the list, whichever is earlier. */
function timesOf(a: Item | null, b: Item | null): Range | null {
  const time = (item: Item | null) =>
    item?.kind === 'record' ? microseconds(item.record.time) : item?.kind === 'event' ? item.mark.time : null;
  const [x, y] = [time(a), time(b)];
  if (x === null && y === null) return null;
  return { from: Math.min(x ?? y!, y ?? x!), to: Math.max(x ?? y!, y ?? x!) };
}
