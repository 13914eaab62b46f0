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

/** 200 different texts. */
export function xssPayloads(): string[] {
  return BASE.flatMap((text) => WAYS.map((way) => way(text)));
}
