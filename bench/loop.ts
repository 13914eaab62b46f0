import { existsSync, readFileSync } from 'node:fs';

/** Event-loop delay of the product's main thread in ms, as loop-probe.mjs writes it. */
export interface LoopFigures {
  count: number;
  p50: number;
  p99: number;
  p999: number;
  max: number;
}

/** Null when the probe has not written yet. */
export function readLoop(file: string): LoopFigures | null {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as LoopFigures) : null;
}
