const PAIR = /\s*([A-Za-z_][\w.:/-]*)\s*=\s*(?:"([^"\\]*(?:\\[\s\S][^"\\]*)*)"|`([^`]*)`)\s*(,|(?=\}))/y;
const END = /\s*\}$/y;
/** Labels are names; a longer text is none, and patterns should not walk it. */
const LONGEST = 64 << 10;
const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** Labels as Prometheus and Loki write them, `{app="shop", env="prod"}`; values are Go strings. Null when they cannot be read. */
export function readLabels(text: string): Map<string, string> | null {
  const body = text.trim();
  if (!body.startsWith('{') || !body.endsWith('}') || body.length > LONGEST) return null;
  const labels = new Map<string, string>();
  for (let at = 1; ; ) {
    END.lastIndex = at;
    if (END.test(body)) return labels;
    PAIR.lastIndex = at;
    const pair = PAIR.exec(body);
    if (!pair) return null;
    const value = pair[2] === undefined ? pair[3] : unquote(pair[2]);
    if (value !== '') labels.set(pair[1], value);
    at = PAIR.lastIndex;
  }
}

function unquote(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(
    /\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|x([0-9A-Fa-f]{2})|([0-7]{3})|([\s\S]))/g,
    (_, four?: string, eight?: string, two?: string, octal?: string, one?: string) => {
      if (one !== undefined) return ESCAPES[one] ?? one;
      const code = octal === undefined ? Number.parseInt(four ?? eight ?? two ?? '', 16) : Number.parseInt(octal, 8);
      return code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
    },
  );
}
