import { encodeRecordId } from '../model/position.ts';
import type { LogRecord } from '../model/record.ts';
import { apiRecord } from './records.ts';
import { formatTime } from './times.ts';

export interface ExportFormat {
  type: string;
  extension: string;
  /** Written first. */
  head: string;
  /** One record, with its newline. */
  line(record: LogRecord): string;
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
    line: (record) => `${JSON.stringify(apiRecord(record))}\n`,
  },
  text: {
    type: 'text/plain; charset=utf-8',
    extension: 'log',
    head: '',
    line: (record) => `${textLine(record).replace(CONTROLS, '')}\n`,
  },
  csv: {
    type: 'text/csv; charset=utf-8',
    extension: 'csv',
    head: `${COLUMNS.join(',')}\r\n`,
    line: (record) => `${csvCells(record).map(csvCell).join(',')}\r\n`,
  },
};

function textLine(record: LogRecord): string {
  const { app, env, host, instance } = record.source;
  return `${formatTime(record.time)} ${host} ${app}/${env} ${instance} ${record.level ?? '-'} ${record.message}`;
}

function csvCells(record: LogRecord): string[] {
  const { app, env, host, containerName, instance } = record.source;
  return [
    formatTime(record.time),
    record.level ?? '',
    app,
    env,
    host,
    containerName,
    instance,
    record.stream,
    record.message,
    encodeRecordId(record),
  ];
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
