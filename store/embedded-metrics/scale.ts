/**
 * Figures as whole numbers, so that what hardly changes takes hardly any room. `fine`: ten-thousandths (a hundredth of a percent of a
 * core, the last digit `docker stats` has); `pages`: 4 KiB, which is how the kernel counts memory; `whole`: as it is; `wide`: rates from bytes to gigabytes, each within
 * 0.05 % of what it was, for the noise below that costs a byte a sample and tells nobody anything.
 */
export type Scale = 'fine' | 'pages' | 'whole' | 'wide';

const STEPS_PER_E = 1_000;

export function toScale(scale: Scale, value: number): number {
  if (scale === 'fine') return Math.round(value * 10_000);
  if (scale === 'pages') return Math.round(value / 4_096);
  if (scale === 'wide') return Math.round(Math.log1p(value) * STEPS_PER_E);
  return Math.round(value);
}

export function fromScale(scale: Scale, whole: number): number {
  if (scale === 'fine') return whole / 10_000;
  if (scale === 'pages') return whole * 4_096;
  if (scale === 'wide') return Math.expm1(whole / STEPS_PER_E);
  return whole;
}
