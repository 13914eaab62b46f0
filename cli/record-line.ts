import type { ApiRecord } from '../api/contract.ts';
import type { HitFinder } from '../dashboard/text/hits.ts';
import type { Palette } from './terminal/color.ts';
import { visible } from './terminal/visible.ts';
import { cutText, padText, textWidth } from './terminal/width.ts';

export interface RecordFormat {
  palette: Palette;
  /** UTC ISO times as the API gives them, else local time with milliseconds. */
  utc: boolean;
  /** Control characters as they are. */
  raw: boolean;
  /** What to mark in messages, from the query; null marks nothing. */
  hits: HitFinder | null;
}

/** Writes records as `time LEVEL instance message`; keeps the instance column as wide as the widest name so far. */
export function createRecordPrinter(format: RecordFormat): (record: ApiRecord) => string {
  let width = 0;
  return (record) => {
    const instance = cutText(visible(instanceName(record)), WIDEST_NAME);
    width = Math.max(width, textWidth(instance));
    const { palette } = format;
    const time = palette.dim(format.utc ? record.time : localTime(record.time));
    const level = palette.level(record.level, (record.level ?? '-').toUpperCase().padEnd(5));
    const name = palette.name(`${record.app}\0${record.instance}`, padText(instance, width));
    return `${time} ${level} ${name} ${messageText(record, format)}\n`;
  };
}

const WIDEST_NAME = 32;

/** An orchestrator's slot is a bare number; with its app it says who wrote the line. */
function instanceName({ app, instance, containerName }: ApiRecord): string {
  if (instance === '') return containerName || app;
  return instance.includes(app) ? instance : `${app}/${instance}`;
}

function messageText(record: ApiRecord, format: RecordFormat): string {
  const shown = format.raw ? record.message : visible(record.message);
  const marked = format.hits ? withHits(shown, format.hits(shown), format.palette) : shown;
  // The rest of a trace is set in, so that a line beginning at the margin is always a record.
  return marked.replace(/\n$/, '').replaceAll('\n', '\n    ');
}

function withHits(text: string, hits: [number, number][], palette: Palette): string {
  let marked = '';
  let at = 0;
  for (const [start, end] of hits) {
    marked += text.slice(at, start) + palette.match(text.slice(start, end));
    at = end;
  }
  return marked + text.slice(at);
}

/** `2026-11-21 10:24:57.961` in this machine's zone. */
export function localTime(iso: string): string {
  const date = new Date(iso);
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day} ${time}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}
