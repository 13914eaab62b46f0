import { type ReactNode, useDeferredValue, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { ApiRecord } from '../../api/contract.ts';
import { clockText, fractionText, fullText, microseconds, type Zone } from '../format/time.ts';
import { Button, Segments } from '../shell/controls.tsx';
import { Icon } from '../shell/icon.tsx';
import { Failed, Skeleton } from '../shell/state.tsx';
import { hitFinder } from '../text/hits.ts';
import { Message } from '../text/message.tsx';
import { visible } from '../text/visible.ts';
import { useWords } from '../words/words.tsx';
import { useContextLines } from './context-data.ts';
import styles from './context-drawer.module.css';
import rowStyles from './row.module.css';
import { instanceName } from './row-view.ts';
import type { Scope } from './url-state.ts';

interface ContextProps {
  id: string;
  scope: Scope;
  /** What is looked for in the lines; part of the link. */
  find: string;
  zone: Zone;
  onScope(scope: Scope): void;
  onFind(find: string): void;
  onClose(): void;
  onCopyLink(): void;
}

/** The lines around one: the query is dropped, the anchor stays where it is while 50 more come above or below. */
export function ContextDrawer(props: ContextProps) {
  const words = useWords().logs.context;
  const { query, lines } = useContextLines(props.id, props.scope);
  const [find, setFind] = useState(props.find);
  const [at, setAt] = useState(0);
  const needle = useDeferredValue(find);
  const finder = useMemo(() => hitFinder(needle.trim() === '' ? null : { type: 'substring', text: needle }), [needle]);
  const found = useMemo(
    () =>
      needle.trim() === ''
        ? []
        : lines.records.flatMap((record, index) => (finder(record.message).length > 0 ? [index] : [])),
    [lines.records, finder, needle],
  );
  const current = found.length === 0 ? -1 : found[((at % found.length) + found.length) % found.length];
  const panel = useRef<HTMLElement>(null);
  useFocusBack(panel);
  const anchor = lines.records[lines.anchor];

  return (
    <aside className={styles.drawer} aria-label={words.title} ref={panel} tabIndex={-1}>
      <header className={styles.head}>
        <div className={styles.top}>
          <h2>{words.title}</h2>
          {anchor !== undefined && (
            <span className={styles.chip}>
              <b>{visible(instanceName(anchor))}</b> · {visible(anchor.host)} · {visible(anchor.stream)}
            </span>
          )}
          <span className="grow" />
          <Button small look="ghost" icon="link" label={words.link} onClick={props.onCopyLink} />
          <Button small look="ghost" icon="close" label={useWords().close} onClick={props.onClose} />
        </div>
        <div className={styles.top}>
          <Segments
            label={words.scope}
            value={props.scope}
            onChange={props.onScope}
            options={[
              { value: 'source', text: words.file },
              { value: 'app', text: words.app },
              { value: 'host', text: words.host },
            ]}
          />
          <label className={styles.find}>
            <Icon name="search" size={13} />
            <input
              value={find}
              aria-label={words.find}
              placeholder={words.find}
              onChange={(event) => {
                setFind(event.target.value);
                props.onFind(event.target.value);
                setAt(0);
              }}
              onKeyDown={(event) => {
                if (event.key === 'Enter' && !event.nativeEvent.isComposing) setAt(at + (event.shiftKey ? -1 : 1));
              }}
            />
            {needle !== '' && (
              <small className="num">
                {words.found(found.length === 0 ? 0 : found.indexOf(current) + 1, found.length)}
              </small>
            )}
          </label>
          <Button
            small
            look="ghost"
            icon="up"
            label={words.previous}
            disabled={found.length === 0}
            onClick={() => setAt(at - 1)}
          />
          <Button
            small
            look="ghost"
            icon="down"
            label={words.next}
            disabled={found.length === 0}
            onClick={() => setAt(at + 1)}
          />
        </div>
      </header>
      {query.error !== null && lines.records.length === 0 ? (
        <Failed error={query.error} onAgain={() => query.refetch()} />
      ) : query.data === undefined ? (
        <Skeleton />
      ) : (
        <Lines records={lines.records} anchor={lines.anchor} current={current} query={query}>
          {(record, index) => (
            <ContextRow
              key={record.id}
              record={record}
              place={index - lines.anchor}
              index={index}
              zone={props.zone}
              finder={finder}
              current={index === current}
              showInstance={props.scope !== 'source'}
            />
          )}
        </Lines>
      )}
    </aside>
  );
}

function Lines(props: {
  records: ApiRecord[];
  anchor: number;
  current: number;
  query: ReturnType<typeof useContextLines>['query'];
  children(record: ApiRecord, index: number): ReactNode;
}) {
  const words = useWords().logs.context;
  const box = useRef<HTMLDivElement>(null);
  const held = useRef<{ id: string; top: number } | null>(null);
  const { query, records, anchor } = props;
  const anchorId = records[anchor]?.id ?? null;
  // The anchor keeps its place on screen: centred at first, then wherever it was before lines came above it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: new lines move the anchor
  useLayoutEffect(() => {
    const scroller = box.current;
    const row = anchorId === null ? null : scroller?.querySelector<HTMLElement>(`[data-id="${CSS.escape(anchorId)}"]`);
    if (scroller === null || row === null || row === undefined || anchorId === null) return;
    const before = held.current;
    if (before === null || before.id !== anchorId)
      scroller.scrollTop = row.offsetTop - scroller.clientHeight / 2 + row.offsetHeight / 2;
    else scroller.scrollTop += row.offsetTop - before.top;
    held.current = { id: anchorId, top: row.offsetTop };
  }, [anchorId, records]);
  useEffect(() => {
    if (props.current < 0) return;
    box.current?.querySelector(`[data-index="${props.current}"]`)?.scrollIntoView({ block: 'center' });
  }, [props.current]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled list must be reachable by keys
    <section className={styles.lines} ref={box} tabIndex={0} aria-label={words.title}>
      <button
        type="button"
        className={styles.more}
        disabled={!query.hasPreviousPage || query.isFetchingPreviousPage}
        onClick={() => query.fetchPreviousPage()}
      >
        {query.hasPreviousPage ? (
          <>
            <Icon name="up" size={13} /> {words.earlier} <small>{words.dropped}</small>
          </>
        ) : (
          words.first
        )}
      </button>
      {records.map(props.children)}
      <button
        type="button"
        className={styles.more}
        disabled={query.isFetchingNextPage}
        onClick={() => (query.hasNextPage ? query.fetchNextPage() : query.refetch())}
      >
        {query.hasNextPage ? (
          <>
            <Icon name="down" size={13} /> {words.later}
          </>
        ) : (
          words.last
        )}
      </button>
    </section>
  );
}

function ContextRow(props: {
  record: ApiRecord;
  place: number;
  index: number;
  zone: Zone;
  finder: ReturnType<typeof hitFinder>;
  current: boolean;
  showInstance: boolean;
}) {
  const { record, place } = props;
  const [unfolded, setUnfolded] = useState(place === 0);
  const level = record.level ?? 'none';
  const time = microseconds(record.time);
  const classes = [
    styles.row,
    styles[level],
    props.showInstance && styles.withInstance,
    place === 0 && styles.anchor,
    props.current && styles.current,
  ];
  return (
    <div
      className={classes.filter(Boolean).join(' ')}
      data-id={record.id}
      data-index={props.index}
      aria-current={place === 0 ? 'true' : undefined}
    >
      <span className={`${styles.place} num`}>{place > 0 ? `+${place}` : place}</span>
      <time className={rowStyles.time} dateTime={record.time} title={fullText(time, props.zone)}>
        {clockText(time, props.zone)}
        <i>{fractionText(time)}</i>
      </time>
      <span className={`${rowStyles.lv} ${rowStyles[`lv${level}`]}`}>
        {record.level === null ? '–' : record.level.toUpperCase()}
      </span>
      {props.showInstance && <span className={rowStyles.inst}>{visible(instanceName(record))}</span>}
      <div className={styles.message}>
        <Message text={record.message} finder={props.finder} columns={0} unfolded={unfolded} onUnfold={setUnfolded} />
      </div>
    </div>
  );
}

/** The drawer takes the focus and gives it back where it came from. */
function useFocusBack(panel: { current: HTMLElement | null }) {
  useEffect(() => {
    const from = document.activeElement;
    panel.current?.focus({ preventScroll: true });
    return () => {
      if (from instanceof HTMLElement && from.isConnected) from.focus({ preventScroll: true });
    };
  }, [panel]);
}
