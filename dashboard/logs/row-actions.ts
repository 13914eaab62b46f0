import { useMemo } from 'react';
import type { ApiRecord } from '../../api/contract.ts';
import { absolute, type Range, type RangeText } from '../format/range.ts';
import { fullText, microseconds, type Zone } from '../format/time.ts';
import { useCopy } from '../shell/toast.tsx';
import { useWords } from '../words/words.tsx';
import { toggleColumn } from './columns.ts';
import { addClause, excludeValue, onlyValue, type WriteClause } from './query-edit.ts';
import type { RowActions } from './row-view.ts';
import { type ChangeUrl, type LogsUrl, writeLogsUrl } from './url-state.ts';

interface Options {
  url: LogsUrl;
  range: Range;
  zone: Zone;
  write: WriteClause;
  change: ChangeUrl;
  onRun(query: string): void;
  onFocus(id: string): void;
  onOpen?(id: string | null): void;
  onRange(range: RangeText, line: string): void;
  onPin(record: ApiRecord): void;
  onSpread?(id: string, spread: boolean): void;
  onWord(text: string, x: number, y: number): void;
}

/** What rows and their details can do; `unfold` is the list's own. */
export function useRowActions(options: Options): RowActions {
  const copy = useCopy();
  const words = useWords().logs;
  const { url, range, zone, write, change, onRun, onFocus, onOpen, onRange, onPin, onSpread, onWord } = options;
  return useMemo<RowActions>(
    () => ({
      open: (id) => {
        change({ open: id }, 'replace');
        onOpen?.(id);
        if (id !== null) onFocus(id);
      },
      focus: onFocus,
      context: (id) => change({ context: id }),
      only: (field, value) => onRun(onlyValue(url.query, field, value, write)),
      exclude: (field, value) => onRun(excludeValue(url.query, field, value, write)),
      search: (clause, how) => onRun(how === 'new' ? clause : addClause(url.query, clause)),
      column: (name) => change({ columns: toggleColumn(url.columns, name) }, 'replace'),
      around: (record, us) => {
        const time = microseconds(record.time);
        onRange(absolute({ from: time - us, to: time + us }), record.id);
      },
      pin: onPin,
      spread: (id, spread) => onSpread?.(id, spread),
      word: onWord,
      copyLink: (record) => copy(lineLink(record, url, range, zone), words.rows.linkCopied),
      copyLine: (record) => copy(lineText(record, zone)),
      copyJson: (record) => copy(JSON.stringify(record, null, 2)),
      unfold: () => {},
    }),
    [url, range, zone, write, change, onRun, onFocus, onOpen, onRange, onPin, onSpread, onWord, copy, words],
  );
}

/** A link that finds the line whenever it is opened: its range is absolute and holds the line. */
export function lineLink(record: ApiRecord, url: LogsUrl, range: Range, zone: Zone): string {
  const time = microseconds(record.time);
  const held = { from: Math.min(range.from, time - 300e6), to: Math.max(range.to, time + 1) };
  return address({
    ...url,
    range: absolute(held),
    brush: null,
    zone,
    open: record.id,
    live: false,
    context: null,
    tab: 'lines',
  });
}

/** A link to what is on screen, with an absolute range. */
export function pageLink(url: LogsUrl, range: Range, zone: Zone): string {
  return address({ ...url, range: url.live ? url.range : absolute(range), zone });
}

/** `2026-11-21T10:24:57.961032+08:00 ERROR shop-pay-1 text`, for people who paste lines into a ticket. */
export function lineText(record: ApiRecord, zone: Zone): string {
  return `${fullText(microseconds(record.time), zone)} ${(record.level ?? '-').toUpperCase()} ${record.instance} ${record.message}`;
}

function address(url: LogsUrl): string {
  return `${window.location.origin}${writeLogsUrl(url)}`;
}
