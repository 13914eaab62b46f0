import { cutText, padText, textWidth } from './width.ts';

export interface Column<T> {
  title: string;
  cell(row: T): string;
  align?: 'left' | 'right';
  /** Paints the padded cell. */
  paint?(text: string, row: T): string;
}

/** Rows in aligned columns under a title line, wide characters counted as two. The last column is not padded. */
export function table<T>(rows: readonly T[], columns: readonly Column<T>[]): string {
  const cells = rows.map((row) => columns.map((column) => cutText(column.cell(row), WIDEST)));
  const widths = columns.map((column, i) =>
    Math.max(textWidth(column.title), ...cells.map((row) => textWidth(row[i]))),
  );
  const line = (texts: string[], paint?: (text: string, i: number) => string) =>
    texts
      .map((text, i) => {
        const last = i === columns.length - 1 && columns[i].align !== 'right';
        const padded = last ? text : padText(text, widths[i], columns[i].align === 'right' ? 'right' : 'left');
        return paint ? paint(padded, i) : padded;
      })
      .join('  ')
      .trimEnd();
  const body = cells.map((row, r) => line(row, (text, i) => columns[i].paint?.(text, rows[r]) ?? text));
  return `${[line(columns.map((column) => column.title)), ...body].join('\n')}\n`;
}

/** A name may be as long as its author likes; a table stays readable. */
const WIDEST = 60;
