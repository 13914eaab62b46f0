import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createWorkbench } from '../../collector/pipeline/workbench.ts';
import { FLAG } from '../../model/record.ts';
import { createRedactor, type RedactionConfig } from '../../model/redaction/redaction.ts';
import { createRig, dockerLine, fileTarget } from './collector-rig.ts';

const SIZES = {
  batchBytes: 1 << 20,
  readBytes: 1 << 16,
  rawLineBytes: 1 << 17,
  lineBytes: 1 << 16,
  multilineMs: 500,
  multilineLines: 1_000,
  multilineBytes: 1 << 16,
};

function redact(messages: string[], config: Partial<RedactionConfig> = {}) {
  const counts: Record<string, number> = {};
  const lines: Record<string, number> = {};
  const on = new Set<string>();
  const bench = createWorkbench(SIZES);
  const redactor = createRedactor(
    { redact: true, redactCards: false, redaction: [], ...config },
    (rule, places, records) => {
      on.add(rule);
      if (places === 0) return;
      counts[rule] = (counts[rule] ?? 0) + places;
      lines[rule] = (lines[rule] ?? 0) + records;
    },
  );
  for (const message of messages) {
    bench.used += bench.bytes.write(message, bench.used);
    bench.ends[bench.count] = bench.used;
    bench.flags[bench.count++] = 0;
  }
  redactor.redact(bench, bench.count);
  let from = 0;
  const out = messages.map((_, i) => {
    const text = bench.bytes.toString('utf8', from, bench.ends[i]);
    from = bench.ends[i];
    return text;
  });
  expect(from).toBe(bench.used);
  return { out, counts, lines, on: [...on], flags: messages.map((_, i) => (bench.flags[i] & FLAG.REDACTED) !== 0) };
}

const one = (message: string, config: Partial<RedactionConfig> = {}): string => redact([message], config).out[0];

const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U';

test.each([
  ['password=hunter2 rest', 'password=[redacted:password] rest'],
  ['PASSWORD: "hun ter2", x', 'PASSWORD: "[redacted:password]", x'],
  ['user.password = abc&x=1', 'user.password = [redacted:password]&x=1'],
  ['{"password":"p\\"w","a":1}', '{"password":"[redacted:password]","a":1}'],
  ['{\\"passwd\\":\\"pw\\",\\"a\\":1}', '{\\"passwd\\":\\"[redacted:password]\\",\\"a\\":1}'],
  ["client_secret='s3 cr'", "client_secret='[redacted:password]'"],
  ['密码 password：abc', '密码 password：[redacted:password]'],
  ['Authorization: Bearer abc.def', 'Authorization: Bearer [redacted:password]'],
  ['"authorization":"Basic dXNlcjpwdw=="}', '"authorization":"Basic [redacted:password]"}'],
  ['key AKIAIOSFODNN7EXAMPLE.', 'key [redacted:aws_key].'],
  ['AKIAIOSFODNN7EXAMPLE', '[redacted:aws_key]'],
  [`token ghp_${'a1B2'.repeat(9)} x`, 'token [redacted:github_token] x'],
  [`github_pat_${'a1B2'.repeat(9)}`, '[redacted:github_token]'],
  [`jwt ${JWT} end`, 'jwt [redacted:jwt] end'],
  ['-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY----- x', '[redacted:private_key] x'],
  ['k=-----BEGIN PRIVATE KEY-----\\nMIIabc', 'k=[redacted:private_key]'],
])('%s', (text, want) => {
  expect(one(text)).toBe(want);
  for (const pad of ['', 'a', 'ab', 'abc'])
    expect(redact([`${pad} x`, text, text]).out.slice(1), 'whatever the alignment').toEqual([want, want]);
});

test.each([
  'Failed password for root from 10.0.0.1 port 22 ssh2',
  'pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=10.0.0.1 user=root',
  'Accepted password for fztu from 119.137.62.142 port 49116 ssh2',
  '081109 203615 148 INFO dfs.DataNode$PacketResponder: PacketResponder 1 for block blk_38865049064139660 terminating',
  'secretary=7 passwords are hashed; the secret is safe',
  'password=**** passwd=null password: "" secret=',
  'BAKIAIOSFODNN7EXAMPLE AKIA1234 AKIAIOSFODNN7EXAMPLEX ghp_short eyJhbGciOiJIUzI1NiJ9',
  'com.example.PasswordEncoder: ready',
  'order 4111111111111111 paid',
  '-----BEGIN PUBLIC KEY-----',
])('untouched: %s', (text) => {
  expect(redact([text])).toMatchObject({ out: [text], counts: {}, flags: [false] });
});

test('any mix of plain text and secrets: no secret is left, all else is', () => {
  const plain = fc.string({ unit: 'grapheme', maxLength: 30 }).filter((s) => !/[=:'"\\\w-]$/.test(s));
  const secret = fc.constantFrom(
    'password=SECRETVALUE',
    'AKIASECRETVALUE12345',
    `ghs_SECRETVALUE${'x'.repeat(30)}`,
    'Authorization: Token SECRETVALUE',
  );
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.tuple(plain, secret), { maxLength: 4 }), { minLength: 1, maxLength: 8 }),
      (records) => {
        const messages = records.map((parts) => parts.map(([a, b]) => `${a} ${b} `).join(''));
        const { out, flags } = redact(messages);
        records.forEach((parts, i) => {
          expect(out[i]).not.toContain('SECRETVALUE');
          expect(flags[i]).toBe(parts.length > 0);
          for (const [a] of parts) expect(out[i]).toContain(a);
        });
      },
    ),
    { numRuns: 500 },
  );
});

test('cards only when asked for, and only what passes Luhn', () => {
  expect(one('pay 4111 1111 1111 1111 now', { redactCards: true })).toBe('pay [redacted:card] now');
  expect(one('pay 4111111111111112 now', { redactCards: true })).toBe('pay 4111111111111112 now');
});

test('own rules: a group alone is replaced, counts go by name, bad patterns are refused', () => {
  const redaction = [
    { name: 'phone', pattern: '手机号(\\d{11})', replacement: '' },
    { name: 'mail', pattern: '[a-z]+@[a-z]+\\.com', replacement: '<mail>' },
  ];
  const { out, counts, lines } = redact(['用户手机号13800138000 é a@b.com', 'nothing', 'x@y.com z@y.com'], {
    redaction,
  });
  expect(out).toEqual(['用户手机号[redacted:phone] é <mail>', 'nothing', '<mail> <mail>']);
  expect(counts).toEqual({ phone: 1, mail: 3 });
  expect(lines).toEqual({ phone: 1, mail: 2 });
  expect(() => redact(['x'], { redaction: [{ name: 'a', pattern: '(', replacement: '' }] })).toThrow(
    /collector\.redaction\[0\]/,
  );
});

test('a key logged line by line leaves nothing, also when the joining is cut off in the middle of it', async () => {
  const rig = await createRig({ multilineLines: 5 });
  const path = join(rig.logs, 'x-json.log');
  const key = Array.from({ length: 30 }, (_, i) => `KEYBYTES${i}${'A'.repeat(40)}`);
  const lines = ['before', '-----BEGIN RSA PRIVATE KEY-----', ...key, '-----END RSA PRIVATE KEY-----', 'after'];
  lines.forEach((line, i) => {
    rig.append(path, dockerLine(line, 1_795_000_000_000_000 + i * (i === 20 ? 100_000 : 1)));
  });
  rig.found(fileTarget(path, 'json-file'));
  await rig.start();
  await rig.until(() => expect(rig.sink.messages().join('\n')).toMatch(/after$/));
  expect(rig.sink.messages().join('\n')).not.toContain('KEYBYTES');
  expect(rig.sink.messages()).toContain('before');
  await rig.cleanup();
});

test('every rule that is on says so before it finds anything; lines are counted beside places', () => {
  const redaction = [{ name: 'phone', pattern: 'tel\\d+', replacement: '' }];
  expect(redact([], { redact: false }).on).toEqual([]);
  expect(redact([], { redactCards: true, redaction }).on).toEqual([
    'private_key',
    'aws_key',
    'github_token',
    'jwt',
    'password',
    'card',
    'phone',
  ]);
  const { counts, lines } = redact(['password=one secret=two', 'nothing', 'passwd=three tel12 tel13'], { redaction });
  expect([counts, lines]).toEqual([
    { password: 3, phone: 2 },
    { password: 2, phone: 1 },
  ]);
});

test('a secret is counted once, whatever stands before it', () => {
  const before = [...' "\'=:,/([{<@\t\n|;&?`>)]}*!#%+\\~^$.-\r'];
  const messages = before.flatMap((c) => ['', 'x', 'xx', 'xxx'].map((pad) => `${pad}${c}ghp_${'a1'.repeat(20)} end`));
  expect(redact(messages).counts).toEqual({ github_token: messages.length });
});
