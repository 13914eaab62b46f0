/** Levels in order; the ordinal (1–6) is what batches and segments store, 0 is a line without a level. */
export const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type Level = (typeof LEVELS)[number];

export const NO_LEVEL = 0;
/** In a batch: nobody has looked yet; ingest detects it. Never stored. */
export const UNDETECTED_LEVEL = 255;

/** 'warn' → 4; unknown or null → 0. */
export function levelOrdinal(level: string | null): number {
  return level === null ? NO_LEVEL : LEVELS.indexOf(level as Level) + 1;
}

/** 4 → 'warn'; 0 and anything unknown → null. */
export function levelName(ordinal: number): Level | null {
  return LEVELS[ordinal - 1] ?? null;
}
