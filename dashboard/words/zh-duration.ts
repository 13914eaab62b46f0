const UNITS: Record<string, string> = { ms: '毫秒', s: '秒', m: '分', min: '分钟', h: '小时', d: '天', w: '周' };

/** `3 m 28 s` → `3 分 28 秒`; a lone `5 m` is `5 分钟`. */
export function zhDuration(text: string): string {
  const zh = text.replace(/(\d) ?(ms|min|[smhdw])\b/g, (_, digit: string, unit: string) => `${digit} ${UNITS[unit]}`);
  return zh.replace(/^(\d+) 分$/, '$1 分钟');
}
