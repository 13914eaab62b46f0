import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AUDIT_KIND, type AuditSegment } from '../../api/audit/segments.ts';
import { type Io, parseCommand } from '../../cli/command.ts';
import { findEntry } from '../../cli/command-table.ts';
import { run } from '../../cli/main.ts';
import { type Harness, startHarness } from '../suites/api-harness.ts';

let h: Harness;
let home: string;
beforeEach(async () => {
  h = await startHarness();
  home = await mkdtemp(join(tmpdir(), 'fleetlog-audit-cli-'));
});
afterEach(async () => {
  await h.close();
  await rm(home, { recursive: true });
});

async function fleetlog(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const said = { out: '', err: '' };
  const sink = (name: 'out' | 'err'): Io['stdout'] => ({
    write(text, done) {
      said[name] += typeof text === 'string' ? text : Buffer.from(text).toString();
      done?.();
      return true;
    },
  });
  const stdin = new PassThrough();
  stdin.end();
  const env = { FLEETLOG_URL: h.url, FLEETLOG_TOKEN: h.admin };
  const { signal } = new AbortController();
  const code = await run(args, { stdout: sink('out'), stderr: sink('err'), stdin, env, cwd: home, signal });
  return { code, ...said };
}

/** The harness' clock stands at 2026-11-21 00:10; commands count from the server's. */
const search = (query: string) => h.get(`/api/v1/logs?query=${encodeURIComponent(query)}`);

test('lists what happened, for people and for programs', async () => {
  await search('订单 \u001b[31m');
  await h.token('reader');
  const text = await fleetlog('audit', '--since', '1h');
  expect(text.code).toBe(0);
  expect(text.out.split('\n').slice(0, 3)).toEqual([
    expect.stringMatching(/^TIME +WHO +FROM +ACTION +TARGET +ENDED +DETAIL$/),
    expect.stringMatching(/token:\w+ +127\.0\.0\.1 +token\.create +\w{12} +ok +\{"role":"reader"\}/),
    expect.stringMatching(/token:\w+ +127\.0\.0\.1 +logs\.search +- +ok +\{"query":"订单/),
  ]);
  expect(text.out).not.toContain('\u001b[31m');
  const json = await fleetlog('audit', 'list', '--action', 'logs.*', '-o', 'json', '-n', '1');
  expect(JSON.parse(json.out)).toMatchObject({ action: 'logs.search', detail: { query: '订单 \u001b[31m' } });
  expect((await fleetlog('audit', '--actor', 'user:nobody')).err).toBe('no entries\n');
  for (let i = 0; i < 3; i++) await search(String(i));
  expect((await fleetlog('audit', '--action', 'logs.search', '-n', '2')).err).toContain('there are more');
});

test('verifies, and names the first broken entry', async () => {
  for (let i = 0; i < 5; i++) await search(`word${i}`);
  const intact = await fleetlog('audit', 'verify');
  expect(intact).toMatchObject({ code: 0, err: '' });
  const head = /^intact: 5 entries\nhead (5:[0-9a-f]{64})\n$/.exec(intact.out)![1];
  expect((await fleetlog('audit', 'verify', '--head', head)).code).toBe(0);
  const other = await fleetlog('audit', 'verify', '--head', `5:${'0'.repeat(64)}`);
  expect(other.code).toBe(1);
  expect(other.err).toContain('broken at entry 5: its hash is not the one that was known');

  const id = 'segment/000000000001';
  const { doc } = (await h.state.get<AuditSegment>(AUDIT_KIND, id))!;
  const before = JSON.stringify(doc);
  doc.entries[2].detail.query = 'word2 ';
  await h.state.put(AUDIT_KIND, id, doc);
  expect(await fleetlog('audit', 'verify')).toMatchObject({
    code: 1,
    out: '',
    err: 'the audit log is broken at entry 3: its content is not what its hash was made of; 2 before it are intact\n',
  });
  await h.state.put(AUDIT_KIND, id, { ...JSON.parse(before), entries: 'nonsense' });
  expect((await fleetlog('audit', 'verify')).err).toBe(
    'the audit log is broken at entry 1: the segment that holds it is missing or cannot be read\n',
  );
  const list = await h.get('/api/v1/audit');
  expect(list.json.notes).toContainEqual({ code: 'audit_broken', segment: 1 });
  expect((await fleetlog('audit', 'verify', '--head', 'x')).code).toBe(2);
});

test('the group alone lists; asked for help it helps', () => {
  const found = findEntry(['audit', '--since', '7d']);
  expect(found.command?.name).toBe('audit list');
  expect(parseCommand(found.command!, found.rest).text('since')).toBe('7d');
  expect(findEntry(['audit', '--help']).command).toBeNull();
  expect(findEntry(['token']).command).toBeNull();
});
