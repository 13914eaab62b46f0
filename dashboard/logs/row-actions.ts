import { useMemo } from 'react';
import type { ApiRecord } from '../../api/contract.ts';
import { absolute, type Range } from '../format/range.ts';
import { fullText, microseconds, type Zone } from '../format/time.ts';
import { useCopy } from '../shell/toast.tsx';
import { useWords } from '../words/words.tsx';
import { excludeValue, onlyValue, type WriteClause } from './query-edit.ts';
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
}

/** What rows and their details can do; `unfold` is the list's own. */
export function useRowActions(options: Options): RowActions {
  const copy = useCopy();
  const words = useWords().logs;
  const { url, range, zone, write, change, onRun, onFocus, onOpen } = options;
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
      copyLink: (record) => copy(lineLink(record, url, range, zone), words.rows.linkCopied),
      copyLine: (record) => copy(lineText(record, zone)),
      copyJson: (record) => copy(JSON.stringify(record, null, 2)),
      unfold: () => {},
    }),
    [url, range, zone, write, change, onRun, onFocus, onOpen, copy, words],
  );
}

/** A link that finds the line whenever it is opened: its range is absolute and holds the line. */
export function lineLink(record: ApiRecord, url: LogsUrl, range: Range, zone: Zone): string {
  const time = microseconds(record.time);
  const held = { from: Math.min(range.from, time - 300e6), to: Math.max(range.to, time + 1) };
  return address({ ...url, range: absolute(held), brush: null, zone, open: record.id, live: false, context: null });
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
