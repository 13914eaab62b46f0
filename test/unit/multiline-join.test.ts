import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createRig, dockerLine, fileTarget, type Rig, testSource } from './collector-rig.ts';

let rig: Rig;
afterEach(() => rig.cleanup());

const T = 1_795_000_000_000_000;

/** Reads the lines as one docker log and gives the records' messages. */
async function joined(lines: (string | [string, string])[], stepUs = 10): Promise<string[]> {
  rig = await createRig();
  const path = join(rig.logs, 'x-json.log');
  lines.forEach((line, i) => {
    const [message, stream] = typeof line === 'string' ? [line, 'stdout'] : line;
    rig.append(path, dockerLine(message, T + i * stepUs, stream));
  });
  rig.found(fileTarget(path, 'json-file'));
  await rig.start();
  const wanted = lines.map((line) => (typeof line === 'string' ? line : line[0]));
  const bytes = (text: string[]): number => text.join('').replaceAll('\n', '').length;
  await rig.until(() => expect(bytes(rig.sink.messages())).toBe(bytes(wanted)));
  return rig.sink.sorted().map((record) => record.message);
}

const split = (text: string): string[] => text.replace(/^\n/, '').replace(/\n$/, '').split('\n');

test('a Java trace is one record with the line that logs it', async () => {
  const trace = split(`
2026-11-21 10:00:00 ERROR [main] c.e.Shop - payment failed
java.lang.IllegalStateException: stock is gone
	at com.example.Shop.pay(Shop.java:10)
	at com.example.Shop.main(Shop.java:5)
	Suppressed: java.io.IOException: close
		at com.example.Shop.close(Shop.java:9)
Caused by: java.sql.SQLException: timeout
	... 23 more`);
  const got = await joined(['2026-11-21 10:00:00 INFO before', ...trace, '2026-11-21 10:00:01 INFO after']);
  expect(got).toEqual(['2026-11-21 10:00:00 INFO before', trace.join('\n'), '2026-11-21 10:00:01 INFO after']);
  const batch = rig.sink.batches.find((one) => one.joins.length > 0)!;
  expect(batch.joins.length).toBe(2 * 7);
  const at = batch.joins[0];
  expect(Array.from(batch.joins.filter((_, i) => i % 2 === 0))).toEqual(Array(7).fill(at));
});

test('Python: through the last line, and on to the exception it was raised from', async () => {
  const trace = split(`
Traceback (most recent call last):
  File "/a.py", line 3, in <module>
    run()
KeyError: 'x'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/a.py", line 5, in <module>
    raise Failed from None
app.errors.Failed: no`);
  const lines = ['starting', ...trace, 'next line', ''];
  const got = await joinedText(lines);
  expect(got).toEqual(['starting', trace.join('\n'), 'next line']);
});

/** The same, but blank lines may be dropped. */
async function joinedText(lines: string[]): Promise<string[]> {
  return joined(lines);
}

test('Go: panic, goroutines, frames and exit status', async () => {
  const trace = split(`
panic: runtime error: index out of range [5] with length 3

goroutine 1 [running]:
main.run(0xc000012345, 0x3)
	/app/main.go:10 +0x1d
main.main()
	/app/main.go:5 +0x18

goroutine 18 [chan receive]:
created by main.main
	/app/main.go:4 +0x2a
exit status 2`);
  expect(await joined(['listening on :80', ...trace, 'started again'])).toEqual([
    'listening on :80',
    trace.join('\n'),
    'started again',
  ]);
});

test('Node and .NET', async () => {
  const node = split(`
TypeError: x is not a function
    at run (/app/a.js:3:5)
    at Object.<anonymous> (/app/a.js:9:1) {
  code: 'E_X'
}`);
  const dotnet = split(`
fail: Shop[0] broken
System.InvalidOperationException: no
   at Shop.Pay() in /src/Shop.cs:line 10
--- End of stack trace from previous location ---
   at Shop.Main()`);
  expect(await joined([...node, 'GET / 200', ...dotnet, 'GET / 200'])).toEqual([
    node.join('\n'),
    'GET / 200',
    dotnet.join('\n'),
    'GET / 200',
  ]);
});

test('traces of both outputs, interleaved line by line, come apart', async () => {
  const out = ['10:00 ERROR out', 'java.lang.Error: a', ...Array.from({ length: 30 }, (_, i) => `\tat out.A(${i})`)];
  const err = ['10:00 ERROR err', 'java.lang.Error: b', ...Array.from({ length: 30 }, (_, i) => `\tat err.B(${i})`)];
  const lines: [string, string][] = [];
  for (let i = 0; i < out.length; i++) lines.push([out[i], 'stdout'], [err[i], 'stderr']);
  expect(await joined([...lines, ['10:01 INFO end', 'stdout']])).toEqual([
    out.join('\n'),
    err.join('\n'),
    '10:01 INFO end',
  ]);
  expect(rig.sink.holes()).toEqual([]);
  for (const batch of rig.sink.batches) {
    let last = -1;
    for (let i = 0; i < batch.joins.length; i += 2) {
      expect(batch.joins[i]).toBeGreaterThanOrEqual(last);
      last = batch.joins[i];
    }
  }
});

test('a line that comes later than the wait is a record of its own, by the lines’ own time', async () => {
  expect(await joined(['10:00 ERROR x', '\tat late.A(1)'], 60_000)).toEqual(['10:00 ERROR x', '\tat late.A(1)']);
});

test('a busy output does not hold back the last error of a quiet one', async () => {
  rig = await createRig({ multilineMs: 300 });
  const path = join(rig.logs, 'x-json.log');
  rig.append(path, dockerLine('10:00 ERROR nobody home', T, 'stderr'));
  rig.found(fileTarget(path, 'json-file'));
  await rig.start();
  // Never a pause in the file, and far too few lines for the cap on bytes.
  let lines = 0;
  await rig.until(() => {
    rig.append(path, dockerLine(`GET /${++lines} 200`, T + lines * 200_000));
    expect(rig.sink.messages()).toContain('10:00 ERROR nobody home');
  });
  expect(lines).toBeLessThan(300);
});

test('caps: a trace past the most lines goes on as another record, nothing is lost', async () => {
  rig = await createRig({ multilineLines: 10 });
  const path = join(rig.logs, 'x-json.log');
  for (let i = 0; i < 35; i++) rig.append(path, dockerLine(i === 0 ? 'ERROR' : `\tat a.B(${i})`, T + i));
  rig.found(fileTarget(path, 'json-file'));
  await rig.start();
  await rig.until(() => expect(rig.sink.messages().join('\n').split('\n')).toHaveLength(35));
  expect(rig.sink.messages().map((message) => message.split('\n').length)).toEqual([10, 10, 10, 5]);
});

test('an app’s own start pattern replaces the built-in rules', async () => {
  rig = await createRig({ multiline: [{ app: 'own', env: '*', start: '^\\d{4} ' }] });
  const path = join(rig.logs, 'x-json.log');
  ['2026 a', 'b', 'c', '2027 d', '', 'e'].forEach((line, i) => {
    rig.append(path, dockerLine(line, T + i));
  });
  rig.found(fileTarget(path, 'json-file', { source: { ...testSource('own', 'json-file', path) } }));
  await rig.start();
  await rig.until(() => expect(rig.sink.messages()).toEqual(['2026 a\nb\nc', '2027 d\n\ne']));
});

test('docker’s 16 KiB parts become one record; a torn character marks it', async () => {
  rig = await createRig();
  const path = join(rig.logs, 'x-json.log');
  const part = 'x'.repeat(16_384);
  rig.append(path, dockerLine(part, T, 'stdout', false) + dockerLine('err', T + 5, 'stderr'));
  rig.append(path, dockerLine(part, T, 'stdout', false) + dockerLine('end', T, 'stdout'));
  rig.append(path, dockerLine('a\ufffd', T + 10, 'stdout', false) + dockerLine('\ufffd\ufffdb', T + 10, 'stdout'));
  rig.append(path, dockerLine('last', T + 20, 'stdout', false));
  rig.found(fileTarget(path, 'json-file'));
  await rig.start();
  await rig.until(() => expect(rig.sink.records.size).toBe(4));
  const got = rig.sink.sorted();
  expect(got.map((r) => r.message)).toEqual([`${part}${part}end`, 'err', 'a\ufffd\ufffd\ufffdb', 'last']);
  expect(got.map((r) => (r.flags & 8) !== 0)).toEqual([false, false, true, false]);
});
