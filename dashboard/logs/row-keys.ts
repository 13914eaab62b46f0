import type { RefObject } from 'react';
import { useKeys } from '../shell/keys.ts';
import type { LogsPage } from './page-state.ts';
import type { RowListHandle } from './row-list.tsx';
import type { Item, ItemList, RowActions } from './row-view.ts';

interface RowKeysOptions {
  page: LogsPage;
  items: ItemList;
  focus: string | null;
  setFocus(id: string | null): void;
  list: RefObject<RowListHandle | null>;
  actions: RowActions;
  /** Goes to the first or last line of the range, wherever that is. */
  toEnd(which: 'first' | 'last'): void;
  zoom(): void;
  clearBrush(): void;
  hasBrush: boolean;
}

/** Keys of the search view (ui.md); Esc undoes one thing at a time, the topmost first. */
export function useRowKeys(options: RowKeysOptions): void {
  const { page, items, focus, list, actions } = options;
  const { url, change } = page;
  const current = () => (focus === null ? -1 : items.find(focus));
  const record = () => {
    const item = items.at(current()) ?? (url.open === null ? null : items.at(items.find(url.open)));
    return item?.kind === 'record' ? item.record : null;
  };
  const goTo = (index: number) => {
    const item = items.at(index);
    if (item === null || (item.kind !== 'record' && item.kind !== 'event')) return;
    options.setFocus(item.key);
    list.current?.scrollToKey(item.key);
    list.current?.focusRow(item.key);
  };
  const step = (direction: 1 | -1, wanted: (item: Item) => boolean = (item) => item.kind === 'record') => {
    for (
      let i = current() < 0 && direction < 0 ? items.length - 1 : current() + direction;
      i >= 0 && i < items.length;
      i += direction
    ) {
      const item = items.at(i);
      if (item !== null && wanted(item)) return goTo(i);
    }
  };
  const isMark = (item: Item) => item.kind === 'event';
  const isError = (item: Item) =>
    item.kind === 'record' && (item.record.level === 'error' || item.record.level === 'fatal');
  const withRecord = (act: (found: NonNullable<ReturnType<typeof record>>) => void) => () => {
    const found = record();
    return found === null ? false : act(found);
  };

  useKeys({
    j: () => step(1),
    k: () => step(-1),
    ArrowDown: (event) => isRow(event.target) && step(1),
    ArrowUp: (event) => isRow(event.target) && step(-1),
    e: () => step(1, isError),
    n: () => step(1, isMark),
    N: () => step(-1, isMark),
    'g g': () => options.toEnd('first'),
    G: () => options.toEnd('last'),
    x: withRecord((found) => actions.pin(found)),
    Enter: withRecord((found) => actions.open(url.open === found.id ? null : found.id)),
    c: withRecord((found) => actions.context(found.id)),
    y: withRecord((found) => actions.copyLink(found)),
    Y: withRecord((found) => actions.copyLine(found)),
    z: options.zoom,
    '[': () => page.shift(-1),
    ']': () => page.shift(1),
    Esc: () => {
      if (page.escape()) return;
      if (url.context !== null) change({ context: null });
      else if (url.open !== null) change({ open: null }, 'replace');
      else if (page.running) page.stop();
      else if (options.hasBrush) options.clearBrush();
      else return page.undoZoom();
    },
  });
}

function isRow(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.getAttribute('role') === 'row';
}
