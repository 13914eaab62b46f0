import type { ApiGap } from '../../api/contract.ts';
import { duration } from '../format/number.ts';
import { microseconds } from '../format/time.ts';
import type { Words } from '../words/en.ts';

/** `bj-h07 collector silent 3 m 28 s`. */
export function gapText(gap: ApiGap, words: Words): string {
  return words.logs.foot.causeIn(gap.host, causeText(gap.cause, words), gapSpan(gap, words));
}

export function causeText(cause: string, words: Words): string {
  const known = words.logs.foot.cause;
  return cause in known ? known[cause as keyof typeof known] : cause;
}

export function gapSpan(gap: ApiGap, words: Words): string {
  if (gap.to === null) return words.logs.foot.open;
  return words.duration(duration((microseconds(gap.to) - microseconds(gap.from)) / 1000));
}

/** `Last 15 min` for `15m`. */
export function presetText(preset: string, words: Words): string {
  return words.logs.time.last(presetWords(preset));
}

/** `15m` → `15 min`. */
export function presetWords(preset: string): string {
  return preset.replace(/^(\d+)(\D+)$/, (_, n: string, unit: string) => `${n} ${unit === 'm' ? 'min' : unit}`);
}
