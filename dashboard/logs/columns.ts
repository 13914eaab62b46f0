import type { CSSProperties } from 'react';
import type { ApiRecord } from '../../api/contract.ts';

/** Columns of the line's identity; any other name is a field found in lines. */
export const IDENTITY = ['instance', 'host', 'app', 'env', 'containerName', 'stream', 'path', 'version'] as const;
const WIDTHS: Readonly<Record<string, number>> = { instance: 108, host: 62, env: 62, stream: 52, version: 62 };
const FIELD = 104;
/** Time, level, paddings and the gap between columns, px. */
const [TIME, LEVEL, PADDING, GAP] = [98, 42, 24, 12];

/** Beside a drawer there is no room for the host. */
const kept = (columns: readonly string[]) => columns.filter((column) => column !== 'host');
const sum = (columns: readonly string[]) =>
  columns.reduce((all, column) => all + (WIDTHS[column] ?? FIELD) + GAP, TIME + LEVEL + PADDING + 2 * GAP);

/** Widths of everything but the message in a wide and in a narrow list, px. */
export function fixedWidth(columns: readonly string[]): { wide: number; narrow: number } {
  return { wide: sum(columns), narrow: sum(kept(columns)) };
}

/** The columns between level and message, for the grid of every row. */
export function columnTemplate(columns: readonly string[]): CSSProperties {
  const widths = (list: readonly string[]) => list.map((column) => `${WIDTHS[column] ?? FIELD}px`).join(' ') || ' ';
  return { '--wide': widths(columns), '--narrow': widths(kept(columns)) } as CSSProperties;
}

/** What a column says of a line; '' when the line has nothing of it. */
export function columnValue(record: ApiRecord, column: string): string {
  switch (column) {
    case 'instance':
    case 'host':
    case 'app':
    case 'env':
    case 'containerName':
    case 'stream':
    case 'path':
    case 'version':
      return record[column];
    default:
      return Object.hasOwn(record.fields, column) ? record.fields[column] : '';
  }
}

export function toggleColumn(columns: readonly string[], name: string): string[] {
  return columns.includes(name) ? columns.filter((one) => one !== name) : [...columns, name];
}
