// biome-ignore-all lint/a11y/useSemanticElements: a virtualised list cannot be made of table elements
// biome-ignore-all lint/a11y/useFocusableInteractive: focus roves over whole rows, not over their cells
import {
  type ReactNode,
  type Ref,
  type RefObject,
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useRef,
  useState,
} from 'react';
import type { Zone } from '../format/time.ts';
import { Icon } from '../shell/icon.tsx';
import { useMedia } from '../shell/media.ts';
import { shownLines } from '../text/fold.ts';
import { looksJson } from '../text/json.ts';
import { useWords } from '../words/words.tsx';
import { columnTemplate, fixedWidth } from './columns.ts';
import { EventRow } from './event-row.tsx';
import { Row } from './row.tsx';
import { type DetailScope, RowDetail } from './row-detail.tsx';
import styles from './row-list.module.css';
import type { Item, ItemList, RowActions, RowView } from './row-view.ts';
import { useScrollIntent } from './scroll-intent.ts';
import { SkippedRow } from './skipped-row.tsx';
import { useRowWindow } from './use-window.ts';

export interface RowListHandle {
  scrollToStart(): void;
  scrollToEnd(): void;
  scrollToKey(key: string, align?: 'auto' | 'center' | 'start'): void;
  /** Distance from the bottom, px. */
  fromEnd(): number;
  focusRow(key: string): void;
}

interface RowListProps {
  label: string;
  items: ItemList;
  /** Rows there are in all, for assistive technology; −1 unknown. */
  rowCount: number;
  view: RowView;
  actions: RowActions;
  focus: string | null;
  open: string | null;
  old?: boolean;
  /** While it holds true the newest line is kept in view; a ref, so that a scroll stops it before the next drawing. */
  follow?: RefObject<boolean>;
  live?: boolean;
  /** The search the lines are of, for figures in the details. */
  scope?: DetailScope;
  foot?: ReactNode;
  onNearEnd?(): void;
  onNearStart?(): void;
  /** Which items are in the window. */
  onWindow?(first: number, last: number): void;
  onScroll?(fromEnd: number, fromStart: number, byReader: boolean): void;
  onColumns?(columns: number): void;
  handle: Ref<RowListHandle>;
}

const LINE = 20;
const ROW = 22;
const NEAR_END_ROWS = 40;
/** Width of a character of 12.5 and of 13 px, px. */
const CHARACTER = 7.52;
const PHONE_CHARACTER = 7.8;
const NARROW = '(max-width: 720px)';

/** Virtualised lines with one open detail; only what is near the window is in the document. */
export function RowList(props: RowListProps) {
  const { items, view } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [unfolded, setUnfolded] = useState<ReadonlySet<string>>(new Set());
  const layout = `${view.wrap} ${view.pretty} ${view.narrow} ${view.wrap || view.narrow ? view.columns : 0}`;
  const rows = useRowWindow({
    list: items,
    layout,
    scroller,
    estimate: (index) => {
      const item = items.at(index);
      return item === null ? ROW : estimate(item, view);
    },
  });
  const shown = rows.places;
  const intent = useScrollIntent();
  const actions = useStable({
    ...props.actions,
    unfold: (id: string, yes: boolean) =>
      setUnfolded((before) => {
        const next = new Set(before);
        if (yes) next.add(id);
        else next.delete(id);
        return next;
      }),
  });

  const coarse = useMedia('(pointer: coarse)');
  const uneven = useRef(new Set<string>());
  // A closed, unwrapped row has a known height; measuring it all the same would cost a layout a row at thousands of lines a second.
  const mustMeasure = (item: Item) => {
    if (view.wrap || view.pretty || view.narrow || coarse || uneven.current.has(item.key)) return true;
    if (props.open !== item.key && !unfolded.has(item.key)) return false;
    uneven.current.add(item.key);
    return true;
  };

  const { onNearEnd, onNearStart, onWindow } = props;
  const top = shown[0]?.index ?? -1;
  const last = shown.at(-1)?.index ?? -1;
  useEffect(() => {
    if (last >= items.length - NEAR_END_ROWS && last >= 0) onNearEnd?.();
  }, [last, items.length, onNearEnd]);
  useEffect(() => {
    if (top >= 0 && top <= NEAR_END_ROWS) onNearStart?.();
  }, [top, onNearStart]);
  useEffect(() => {
    if (top >= 0) onWindow?.(top, last);
  }, [top, last, onWindow]);

  useLayoutEffect(() => {
    const box = scroller.current;
    if (props.follow?.current !== true || box === null) return;
    box.scrollTop = box.scrollHeight;
    rows.look();
  });
  useColumns(scroller, fixedWidth(view.fields), props.onColumns);
  const template = columnTemplate(view.fields);

  useImperativeHandle(props.handle, () => ({
    scrollToStart: () => scroller.current?.scrollTo({ top: 0 }),
    scrollToEnd: () => scroller.current?.scrollTo({ top: scroller.current.scrollHeight }),
    scrollToKey: (key, align = 'auto') => {
      const index = items.find(key);
      if (index >= 0) rows.scrollToIndex(index, align);
    },
    fromEnd: () => (scroller.current === null ? 0 : distanceFromEnd(scroller.current)),
    focusRow: (key) => {
      const name = CSS.escape(key);
      const find = () =>
        scroller.current?.querySelector<HTMLElement>(`[role="row"]:is([data-id="${name}"], [data-key="${name}"])`);
      // The row may not be in the document before the scroll was drawn.
      (find() ?? null)?.focus({ preventScroll: true });
      requestAnimationFrame(() => find()?.focus({ preventScroll: true }));
    },
  }));

  return (
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: both roles it can have take a label
    <div
      ref={scroller}
      className={props.old ? `${styles.rows} ${styles.old}` : styles.rows}
      role={props.live ? 'log' : 'grid'}
      aria-live="off"
      aria-label={props.label}
      aria-rowcount={props.live ? undefined : props.rowCount}
      aria-busy={props.old}
      style={template}
      {...intent.handlers}
      onScroll={(event) =>
        props.onScroll?.(distanceFromEnd(event.currentTarget), event.currentTarget.scrollTop, intent.recent())
      }
    >
      <div className={styles.canvas} style={{ height: rows.total }} role={props.live ? 'grid' : 'rowgroup'}>
        {shown.map((place) => {
          const item = items.at(place.index);
          return (
            <div
              key={place.key}
              ref={item !== null && mustMeasure(item) ? rows.measure : undefined}
              data-index={place.index}
              className={styles.item}
              style={{ transform: `translateY(${place.start}px)` }}
              role="presentation"
            >
              {item === null ? (
                <div className={styles.gone} role="row" aria-busy="true" style={{ height: place.size }} />
              ) : item.kind === 'record' ? (
                <>
                  <Row
                    record={item.record}
                    more={item.more ?? 0}
                    spread={item.spread === true}
                    view={view}
                    actions={actions}
                    rowIndex={place.index + 1}
                    focused={props.focus === item.key}
                    tabbable={props.focus === item.key || (props.focus === null && place.index === shown[0].index)}
                    open={props.open === item.key}
                    unfolded={unfolded.has(item.key)}
                  />
                  {props.open === item.key && (
                    <div role="row">
                      <div role="gridcell">
                        <RowDetail record={item.record} view={view} actions={actions} scope={props.scope ?? null} />
                      </div>
                    </div>
                  )}
                </>
              ) : (
                <Separator item={item} zone={view.zone} />
              )}
            </div>
          );
        })}
      </div>
      {props.foot}
    </div>
  );
}

function Separator({ item, zone }: { item: Exclude<Item, { kind: 'record' }>; zone: Zone }) {
  const words = useWords();
  if (item.kind === 'event') return <EventRow mark={item.mark} zone={zone} name={item.key} />;
  if (item.kind === 'skipped') return <SkippedRow item={item} />;
  return (
    <div className={styles.sep} role="row">
      {item.kind === 'mark' && <Icon name={item.good ? 'check' : 'warning'} size={14} />}
      <span role="gridcell">{item.kind === 'day' ? words.logs.rows.day(item.text) : item.text}</span>
    </div>
  );
}

function estimate(item: Item, view: RowView): number {
  if (item.kind !== 'record') return 26;
  const text = item.record.message;
  if (view.pretty && looksJson(text)) return 2 + LINE * Math.min(40, 2 + text.length / 24);
  const lines = text.includes('\n') ? shownLines(text.split('\n').length) : 1;
  if (view.narrow) return 36 + LINE * Math.min(3, Math.ceil(text.length / 46));
  return 2 + LINE * (view.wrap ? Math.max(lines, Math.ceil(text.length / Math.max(20, view.columns))) : lines);
}

function useColumns(
  scroller: { current: HTMLDivElement | null },
  fixed: { wide: number; narrow: number },
  onColumns: ((columns: number) => void) | undefined,
) {
  const { wide, narrow } = fixed;
  useEffect(() => {
    const box = scroller.current;
    if (box === null || onColumns === undefined) return;
    const watch = new ResizeObserver(() => {
      if (window.matchMedia(NARROW).matches) {
        // Rows of a phone wrap and are cut after six lines: a hit behind the fourth would not be seen.
        onColumns(Math.floor((box.clientWidth - 26) / PHONE_CHARACTER) * 4);
        return;
      }
      onColumns(Math.max(20, Math.floor((box.clientWidth - (box.clientWidth > 1040 ? wide : narrow)) / CHARACTER)));
    });
    watch.observe(box);
    return () => watch.disconnect();
  }, [scroller, wide, narrow, onColumns]);
}

/** The same object as long as its owner lives, calling the newest functions. */
function useStable<T extends object>(functions: T): T {
  const latest = useRef(functions);
  latest.current = functions;
  const [stable] = useState(() => {
    const made: Record<string, unknown> = {};
    for (const name of Object.keys(functions)) {
      made[name] = (...values: unknown[]) =>
        (latest.current as Record<string, (...v: unknown[]) => unknown>)[name](...values);
    }
    return made as T;
  });
  return stable;
}

function distanceFromEnd(box: HTMLElement): number {
  return box.scrollHeight - box.scrollTop - box.clientHeight;
}
