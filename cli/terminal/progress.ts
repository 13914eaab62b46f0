import type { Output } from '../command.ts';

export interface Progress {
  /** `done` of `total` (null: not known), with what else there is to say. */
  update(done: number, total: number | null, note: string): void;
  /** Takes the bar away. */
  clear(): void;
}

const WIDTH = 30;
/** A terminal redrawn more often only flickers. */
const REDRAW_MS = 80;

/** One line that redraws itself on a terminal; elsewhere (files, pipes, CI) nothing is written. */
export function createProgress(output: Output, title: string, now: () => number = () => performance.now()): Progress {
  if (!output.isTTY) return { update() {}, clear() {} };
  let drawn = Number.NEGATIVE_INFINITY;
  return {
    update(done, total, note) {
      if (now() - drawn < REDRAW_MS && done !== total) return;
      drawn = now();
      const share = total === null || total === 0 ? null : Math.min(1, done / total);
      const bar =
        share === null
          ? ''
          : ` ${'█'.repeat(Math.round(share * WIDTH)).padEnd(WIDTH, '░')} ${Math.floor(share * 100)}%`;
      output.write(`\r\x1b[2K${title}${bar} ${note}`);
    },
    clear() {
      if (drawn !== Number.NEGATIVE_INFINITY) output.write('\r\x1b[2K');
    },
  };
}

/** `1.4 MB`, powers of 1000. */
export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
