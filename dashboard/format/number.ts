/** 18,402 up to 999,999, then 1.2 M. */
export function count(value: number): string {
  if (value < 1e6) return value.toLocaleString('en-US');
  return value < 1e9 ? `${trim(value / 1e6)} M` : `${trim(value / 1e9)} G`;
}

/** 0…1 as `3.1 %`; what is there at all is never 0. */
export function share(part: number): string {
  return part > 0 && part < 0.001 ? '< 0.1 %' : `${trim(part * 100)} %`;
}

/** Disk and traffic, decimal: 1.2 GB. */
export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let size = value;
  let unit = 0;
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? Math.round(size).toString() : trim(size)} ${units[unit]}`;
}

/** Milliseconds as `3 m 28 s`, two parts at most; below a second `42 ms`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${trim(ms / 1000)} s`;
  const steps: [string, number][] = [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
    ['s', 1],
  ];
  const seconds = Math.round(ms / 1000);
  const at = steps.findIndex(([, size]) => seconds >= size);
  const [unit, size] = steps[at];
  const rest = seconds % size;
  const next = steps[at + 1];
  const second = next === undefined ? 0 : Math.floor(rest / next[1]);
  return `${Math.floor(seconds / size)} ${unit}${second > 0 ? ` ${second} ${next[0]}` : ''}`;
}

function trim(value: number): string {
  return value >= 100 ? Math.round(value).toString() : value.toFixed(1).replace(/\.0$/, '');
}
