import type { LogRecord } from '../model/record.ts';
import { createIdEncoder } from '../model/record-ids.ts';
import { createRecordJson } from './record-json.ts';
import { createTimeFormat } from './times.ts';

export interface ExportFormat {
  type: string;
  extension: string;
  /** Written first. */
  head: string;
  /** For one export: writes one record, with its newline. */
  lines(): (record: LogRecord) => string;
}

/** Control characters that could speak to a terminal (C0 but tab and newline, DEL, C1). */
const CONTROLS = /[\0-\x08\x0b-\x1f\x7f-\x9f]/g;
const COLUMNS = [
  'time',
  'level',
  'app',
  'env',
  'host',
  'containerName',
  'instance',
  'stream',
  'message',
  'id',
] as const;

export const EXPORT_FORMATS: Record<'ndjson' | 'text' | 'csv', ExportFormat> = {
  ndjson: {
    type: 'application/x-ndjson; charset=utf-8',
    extension: 'ndjson',
    head: '',
    lines() {
      const json = createRecordJson();
      return (record) => `${json(record)}\n`;
    },
  },
  text: {
    type: 'text/plain; charset=utf-8',
    extension: 'log',
    head: '',
    lines() {
      const timeOf = createTimeFormat();
      return (record) => `${textLine(record, timeOf(record.time)).replace(CONTROLS, '')}\n`;
    },
  },
  csv: {
    type: 'text/csv; charset=utf-8',
    extension: 'csv',
    head: `${COLUMNS.join(',')}\r\n`,
    lines() {
      const timeOf = createTimeFormat();
      const idOf = createIdEncoder();
      return (record) => `${csvCells(record, timeOf(record.time), idOf(record)).map(csvCell).join(',')}\r\n`;
    },
  },
};

function textLine(record: LogRecord, time: string): string {
  const { app, env, host, instance } = record.source;
  return `${time} ${host} ${app}/${env} ${instance} ${record.level ?? '-'} ${record.message}`;
}

function csvCells(record: LogRecord, time: string, id: string): string[] {
  const { app, env, host, containerName, instance } = record.source;
  return [time, record.level ?? '', app, env, host, containerName, instance, record.stream, record.message, id];
}

/**
 * A spreadsheet runs a cell that begins like a formula, whoever wrote the log line. Such cells are quoted and get an apostrophe before
 * (OWASP, CSV injection); full-width signs count, some programs fold them.
 */
export function csvCell(value: string): string {
  const formula = /^[\s\0]*[=+\-@＝＋－＠]|^[\t\r\n\0]/.test(value);
  const text = formula ? `'${value}` : value;
  return formula || /[",\r\n\0]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
