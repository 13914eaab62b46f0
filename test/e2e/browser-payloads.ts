/** What people try, after the OWASP filter evasion sheet: tags, handlers, URLs, templates, broken and nested quoting. */
const BASE = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '<svg onload=alert(1)>',
  '<svg><script>alert&#40;1)</script>',
  '<iframe srcdoc="<script>parent.alert(1)</script>">',
  '<body onload=alert(1)>',
  '<a href="javascript:alert(1)">x</a>',
  '<math><mtext></mtext><mglyph><style><!--</style><img title="--><img src=x onerror=alert(1)>">',
  '<style>@import "http://127.0.0.1:1/x.css"; *{display:none}</style>',
  '<link rel=stylesheet href=http://127.0.0.1:1/x.css>',
  '<meta http-equiv=refresh content="0;url=javascript:alert(1)">',
  '<object data="javascript:alert(1)">',
  '<form action="javascript:alert(1)"><button autofocus>x</button></form>',
  '<input autofocus onfocus=alert(1)>',
  '<details open ontoggle=alert(1)>',
  '<video><source onerror=alert(1)></video>',
  '"><script>alert(1)</script>',
  "' onmouseover='alert(1)",
  '</title><script>alert(1)</script>',
  '{{constructor.constructor("alert(1)")()}}',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a payload, not a template
  '${alert(1)}',
  'javascript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  '&lt;script&gt;alert(1)&lt;/script&gt;',
  '\\u003cscript\\u003ealert(1)\\u003c/script\\u003e',
];
const WAYS: ((text: string) => string)[] = [
  (text) => text,
  (text) => `${text.toUpperCase().replace(/ALERT/g, 'alert')}!`,
  (text) => `"${text}"`,
  (text) => `'${text}'`,
  (text) => `]]>${text}<!--`,
  (text) => `{"msg":${JSON.stringify(text)}}`,
  (text) => `__proto__ ${text} 中文`,
  (text) => `%3Cb%3E${text}`,
];

/** Every control, bidi and zero-width character, with the escape a reader sees in its place. */
export const CONTROLS: readonly (readonly [char: string, escape: string])[] = [
  ...[...range(0x01, 0x08), 0x0b, 0x0c, ...range(0x0e, 0x1a), ...range(0x1c, 0x1f), 0x7f, ...range(0x80, 0x9f), 0xad],
  ...[0x061c, 0x180e, ...range(0x200b, 0x200f), ...range(0x2028, 0x202e), ...range(0x2060, 0x206f), 0x3164, 0xfeff],
].map((code) => [String.fromCodePoint(code), code < 0x100 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`]);
function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, n) => from + n);
}
function hex(code: number, width: number): string {
  return code.toString(16).padStart(width, '0');
}

export interface Payload {
  text: string;
  /** What a reader is to see of it. */
  shown: string;
}

/** 300 different texts: the tags and handlers, and names that hide, turn or break what stands around them. */
export function hostilePayloads(): Payload[] {
  const tags = xssPayloads().map((text): Payload => ({ text, shown: text }));
  const names: ((char: string) => string)[] = [
    (char) => `invoice${char}fdp.exe`,
    (char) => `${char}admin`,
    (char) => `a${char}<img src=x onerror=alert(1)>${char}z`,
  ];
  const hidden: Payload[] = [];
  for (const name of names)
    for (const [char, shown] of CONTROLS)
      if (hidden.length < 100) hidden.push({ text: name(char), shown: name(shown) });
  return [...tags, ...hidden];
}

/** 200 different texts. */
export function xssPayloads(): string[] {
  return BASE.flatMap((text) => WAYS.map((way) => way(text)));
}
