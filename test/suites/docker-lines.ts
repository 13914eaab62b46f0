import type { Random } from './random.ts';

/** Texts a program may write: ordinary ones, those that joining, levels and redaction care about, and hostile ones. */
const TEXTS: readonly string[] = [
  '2026-11-21 10:24:49.032 INFO  [main] c.e.Order - 订单 42 创建成功 cost=12ms',
  '2026-11-21 10:24:49 WARN slow query took 3000 ms',
  '2026-11-21T10:24:49Z ERROR [pay] 支付回调处理失败',
  '10.0.0.1 - - [21/Nov/2026:10:24:49 +0000] "GET /a?level=error HTTP/1.1" 200 12',
  '{"level":"warn","time":1795,"msg":"a \\"quoted\\" word"}',
  '{"time":"x","nested":{"level":"error"},"LEVEL":"Info"}',
  '{"@l":"Error","m":{}}',
  '{"s":"W","c":"NETWORK"}',
  '{"severity":3,"x":[1,{"y":"}"}]}',
  '{"level\0":"error"}',
  '{"level":30,"msg":"pino"}',
  'level=info ts=1 msg="done"',
  'ts=1 log.level=debug',
  'lvl="error" x',
  'E1121 10:24:49.032 file.go:12] glog',
  '[E 2026] tornado',
  '[ERROR] bracketed',
  '<3>kernel says',
  'error: first word',
  'npm ERR! code 1',
  '| warn | table',
  '\twarning\t',
  'INFO',
  'Nov 21 10:24:49 host sshd[1]: Failed password for root',
  'PHP Warning:  x in y',
  'PHP Fatal error:  x',
  'TypeError: x is not a function',
  '\u001b[31mERROR\u001b[0m coloured',
  '\u001b[2m2026\u001b[0m \u001b[33m WARN\u001b[0m tracing',
  'java.lang.IllegalStateException: broken',
  'com.example.Foo: not an error',
  '\tat com.example.Foo.bar(Foo.java:12)',
  '    at Object.<anonymous> (/a/b.js:1:2)',
  '\t... 23 more',
  'Caused by: java.io.IOException: x',
  'Suppressed: a.B',
  '... and so on',
  '--- End of inner exception ---',
  '}',
  'Traceback (most recent call last):',
  '  File "a.py", line 1, in <module>',
  'KeyError: 1',
  'requests.exceptions.Timeout: x',
  'During handling of the above exception, another exception occurred:',
  'panic: runtime error',
  'goroutine 1 [running]:',
  'main.run(0xc000, 0x1)',
  'created by main.main',
  'Error [ERR_X]: y',
  'Exception in thread "main" java.lang.Error',
  '-----BEGIN RSA PRIVATE KEY-----',
  'MIIEpAIBAAKCAQEA7bq+abcdef',
  '-----END RSA PRIVATE KEY-----',
  'a line that ends in -',
  'crlf\r',
  'crlf-\r',
  'two\nlines\nin one',
  '\nbegins with a newline',
  'ends with one\n',
  'password=hunter2 and Secret: x, authorization: Bearer abc.def',
  `ghp_${'a1'.repeat(20)} AKIAABCDEFGHIJKLMNOP x`,
  'token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc_def-1 end',
  '密ghp_0123456789012345678901234567890123456789',
  ' leading blank',
  '',
  'a',
  ' ',
  'nul \0 inside',
  'é ü ß 😀 \ud800 lone',
  '\ufffd',
  '\\n backslash n \\',
  'x'.repeat(15),
  'y'.repeat(16),
  'z'.repeat(63),
  'level_'.repeat(30),
];

/** JSON as moby writes it, as others do, and with every character escaped. */
function escaped(random: Random, text: string): string {
  const plain = JSON.stringify(text).slice(1, -1);
  switch (random.below(8)) {
    case 0:
      return plain.replaceAll('<', '\\u003c').replaceAll('/', '\\/');
    case 1:
      return [...text]
        .map((c) =>
          [...Array(c.length).keys()].map((i) => `\\u${c.charCodeAt(i).toString(16).padStart(4, '0')}`).join(''),
        )
        .join('');
    case 2:
      return plain.replaceAll('\\t', '\\u0009').replaceAll('\\n', '\\u000A');
    default:
      return plain;
  }
}

function stamp(random: Random, us: number): string {
  const seconds = new Date(Math.floor(us / 1000)).toISOString().slice(0, 19);
  const nanos = `${String(us % 1_000_000).padStart(6, '0')}${random.below(1_000).toString().padStart(3, '0')}`;
  switch (random.below(40)) {
    case 0:
      return `${seconds}Z`;
    case 1:
      return `${seconds}.${nanos.slice(0, 1 + random.below(5))}Z`;
    case 2:
      return `${seconds}.${nanos}0Z`;
    case 3:
      return `${seconds}.${nanos}+08:00`;
    case 4:
      return `${seconds}.Z`;
    case 5:
      return random.pick([
        '2026-02-29T00:00:00Z',
        '2026-13-01T00:00:00Z',
        '1969-12-31T23:59:59Z',
        '2026-11-21t10:24:61Z',
      ]);
    default:
      return `${seconds}.${random.chance(0.3) ? nanos.replace(/0+$/, '') || '0' : nanos}Z`;
  }
}

/** Lines of a json-file log: most as docker writes them, some in every way not. */
export function* dockerLogLines(random: Random, count: number): Generator<Buffer> {
  let us = 1_795_000_000_000_000 + random.below(60_000_000);
  let stream = 'stdout';
  for (let i = 0; i < count; i++) {
    us += random.pick([0, 0, 1, 17, 1_000, 29_000, 31_000, 900_000, 60_000_000]);
    if (random.chance(0.15)) stream = stream === 'stdout' ? 'stderr' : 'stdout';
    let text = random.pick(TEXTS);
    if (random.chance(0.2)) text += random.pick(TEXTS);
    if (random.chance(0.01)) text = 'l'.repeat(random.below(40_000));
    const newline = random.chance(0.97) ? '\\n' : '';
    const time = stamp(random, us);
    let line = `{"log":"${escaped(random, text)}${newline}","stream":"${stream}","time":"${time}"}`;
    if (random.chance(0.01)) line = `{"stream":"${stream}","log":"${escaped(random, text)}\\n","time":"${time}"}`;
    if (random.chance(0.01)) line = line.replace('"stream"', '"attrs":{"a":"b"},"stream"');
    if (random.chance(0.01)) line = line.slice(0, random.below(line.length));
    const bytes = Buffer.from(`${line}\n`);
    if (random.chance(0.02)) bytes[random.below(bytes.length - 1)] = random.below(256);
    yield random.chance(0.005) ? Buffer.concat([Buffer.alloc(random.below(40)), bytes]) : bytes;
  }
}
