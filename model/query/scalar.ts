/** Milliseconds of each duration unit, bytes of each size unit (`KB` is 1000, `KiB` 1024). */
const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1e3,
  m: 60e3,
  min: 60e3,
  h: 3600e3,
  d: 86_400e3,
};
const SIZES: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
  tib: 1024 ** 4,
};

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?$/;
const WITH_UNIT = /^([+-]?(?:\d+\.?\d*|\.\d+))([A-Za-zµμ]{1,3})$/;

/** A field's value as a number for comparison: plain decimal numbers only, finite; anything else (units too) is null. */
export function numericValue(value: string): number | null {
  if (value.length > 512 || !NUMBER.test(value)) return null;
  const number = Number(value);
  return Number.isFinite(number) ? number + 0 : null;
}

/** The right side of a comparison: a number, a duration in milliseconds (`500ms 5s 1m 1h 1d`) or a size in bytes (`10MB`). */
export function parseScalar(text: string): number | null {
  const plain = numericValue(text);
  if (plain !== null) return plain;
  const match = WITH_UNIT.exec(text);
  if (match === null) return null;
  const size = match[2].toLowerCase();
  const factor = Object.hasOwn(UNITS, match[2]) ? UNITS[match[2]] : Object.hasOwn(SIZES, size) ? SIZES[size] : null;
  return factor === null ? null : Number(match[1]) * factor;
}
