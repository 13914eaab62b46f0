/** How figures are shown: plain text that pastes into Markdown. Progress goes to standard error, figures to standard output. */
export interface Report {
  title(text: string): void;
  line(text: string): void;
  table(head: string[], rows: (string | number)[][]): void;
  /** A line that replaces itself on a terminal; nothing elsewhere. */
  progress(text: string): void;
}

export function createReport(
  out: NodeJS.WriteStream = process.stdout,
  err: NodeJS.WriteStream = process.stderr,
): Report {
  const clear = (): void => {
    if (err.isTTY) err.write('\r\x1b[K');
  };
  const line = (text: string): void => {
    clear();
    out.write(`${text}\n`);
  };
  return {
    title: (text) => line(`\n## ${text}\n`),
    line,
    table(head, rows) {
      const cells = [head, ...rows.map((row) => row.map(String))];
      const widths = head.map((_, i) => Math.max(3, ...cells.map((row) => width(row[i] ?? ''))));
      const draw = (row: string[]): string =>
        `| ${row.map((cell, i) => (i === 0 ? cell + pad(cell, widths[i]) : pad(cell, widths[i]) + cell)).join(' | ')} |`;
      line(draw(head));
      line(`|${widths.map((n, i) => (i === 0 ? '-'.repeat(n + 2) : `${'-'.repeat(n + 1)}:`)).join('|')}|`);
      for (const row of cells.slice(1)) line(draw(row));
    },
    progress(text) {
      if (err.isTTY) err.write(`\r\x1b[K${text}`);
    },
  };
}

/** Columns on a terminal: Han characters take two. */
const width = (text: string): number => [...text].reduce((sum, char) => sum + (char > '\u2e80' ? 2 : 1), 0);
const pad = (text: string, to: number): string => ' '.repeat(Math.max(0, to - width(text)));

/** The q-quantile (0…1) of values by nearest rank; NaN without values. */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))];
}

export const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
export const gb = (bytes: number): string =>
  bytes >= 1e9 ? `${(bytes / 1e9).toFixed(2)} GB` : `${(bytes / 1e6).toFixed(1)} MB`;
export const thousands = (n: number): string => Math.round(n).toLocaleString('en-US');
export const short = (n: number): string => (n >= 100 ? n.toFixed(0) : n >= 10 ? n.toFixed(1) : n.toFixed(2));
