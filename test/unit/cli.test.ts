import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ApiRecord } from '../../api/contract.ts';
import type { Io } from '../../cli/command.ts';
import { commandGroups } from '../../cli/command-table.ts';
import { readEvents } from '../../cli/event-stream.ts';
import { run } from '../../cli/main.ts';
import { createProgress } from '../../cli/terminal/progress.ts';
import { table } from '../../cli/terminal/table.ts';
import { visible } from '../../cli/terminal/visible.ts';
import { cutText, padText, textWidth } from '../../cli/terminal/width.ts';
import { timeArgument } from '../../cli/time-argument.ts';
import { VERSION } from '../../cli/version.ts';

/** What a test's server was asked. */
interface Asked {
  method: string;
  path: string;
  params: URLSearchParams;
  headers: IncomingMessage['headers'];
  body: string;
}

let home: string;
let asked: Asked[];
let answer: (asked: Asked, response: ServerResponse) => unknown;
let close: () => Promise<void>;
let url: string;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'fleetlog-cli-'));
  asked = [];
  answer = () => ({});
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://x');
    const one = { method: request.method ?? '', path: pathname, params: searchParams, headers: request.headers, body };
    asked.push(one);
    const json = await answer(one, response);
    if (!response.writableEnded && json !== undefined) response.end(JSON.stringify(json));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  close = () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
});
afterEach(async () => {
  await close();
  rmSync(home, { recursive: true, force: true });
});

interface Ran {
  code: number;
  out: string;
  err: string;
}

interface World {
  env?: Record<string, string>;
  stdin?: string;
  signal?: AbortSignal;
  onOut?: (text: string) => void;
}

async function fleetlog(args: string[], world: World = {}): Promise<Ran> {
  let out = '';
  let err = '';
  const sink = (take: (text: string) => void): Io['stdout'] => ({
    write(text, done) {
      take(typeof text === 'string' ? text : Buffer.from(text).toString());
      done?.();
      return true;
    },
  });
  const stdin = new PassThrough();
  stdin.end(world.stdin ?? '');
  const code = await run(args, {
    stdout: sink((text) => {
      out += text;
      world.onOut?.(out);
    }),
    stderr: sink((text) => (err += text)),
    stdin,
    env: { FLEETLOG_URL: url, ...world.env },
    cwd: home,
    signal: world.signal ?? new AbortController().signal,
  });
  return { code, out, err };
}

function record(fields: Partial<ApiRecord> = {}): ApiRecord {
  return {
    id: 'id-1',
    time: '2026-11-21T10:24:57.961032Z',
    app: 'shop',
    env: 'prod',
    host: 'web-01',
    container: 'c'.repeat(64),
    containerName: 'shop-1',
    instance: 'shop-1',
    stream: 'stdout',
    path: '/x',
    level: 'info',
    message: 'hello',
    fields: {},
    image: 'shop:1',
    version: '1',
    ...fields,
  };
}

function page(records: ApiRecord[], next: string | null = null): unknown {
  const stats = { tookMs: 1, blocksRead: 1, blocksTotal: 1, bytesRead: 1 };
  return { records, next, completeTo: '2026-11-21T10:25:00.000000Z', gaps: [], notes: [], stats };
}

describe('the command line', () => {
  const commands = commandGroups.flatMap(({ entries }) =>
    entries.flatMap((entry) => ('commands' in entry ? entry.commands : [entry])),
  );

  test.each(commands.map((command) => [command.name]))('%s --help explains it with examples', async (name) => {
    const { code, out, err } = await fleetlog([...name.split(' '), '--help']);
    expect(code).toBe(0);
    expect(err).toBe('');
    expect(out).toContain(`Usage: fleetlog ${name}`);
    expect(out).toMatch(/Examples:\n {2}\S/);
  });

  test.each(commands.flatMap((command) => command.examples.map(([line]) => [line, command.name])))(
    'the example "%s" of %s uses options that exist',
    (line, name) => {
      const command = commands.find((one) => one.name === name);
      const own = line.slice(line.indexOf(`fleetlog ${name}`)).split(' | ')[0];
      const known = [...Object.keys(command?.options ?? {}), 'set', 'config', 'help'];
      for (const [, option] of own.matchAll(/ --([a-z-]+)/g)) expect(known).toContain(option);
    },
  );

  test('the overview names every command and the exit codes', async () => {
    const { code, out } = await fleetlog(['--help']);
    expect(code).toBe(0);
    for (const { name } of commands) expect(out).toContain(name.split(' ')[0]);
    expect(out).toContain('Exit codes: 0 done');
  });

  test('--version is the package’s', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(VERSION).toBe(version);
    expect((await fleetlog(['--version'])).out).toContain(`fleetlog ${version}`);
  });

  test.each([
    [['serch', 'x'], 'unknown command serch; did you mean search?'],
    [['token', 'crate'], 'unknown command token crate; did you mean create?'],
    [['search', '--ap', 'x'], 'unknown option --ap; did you mean --app?'],
    [['search', '--limit', 'many'], '--limit many: not a whole number'],
    [['search', '--limit', '0'], '--limit 0: less than 1'],
    [['search', '--order', 'up'], '--order up: not one of asc, desc'],
    [['search', '--since'], '--since needs a value'],
    [['search', '--since', 'yesterday-ish'], '--since yesterday-ish: no time'],
    [['context'], 'context needs ID'],
    [['apps', 'extra'], 'apps does not take the argument "extra"'],
    [['dead-letters', 'drop'], 'name ids, or --all'],
    [['token', 'create', 'x', '--scope', 'a/b/c'], '--scope a/b/c: wanted APP/ENV'],
  ])('%j is refused with code 2', async (args, message) => {
    const { code, out, err } = await fleetlog(args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(message);
    expect(asked).toEqual([]);
  });

  test('without a command it shows the overview and fails', async () => {
    const { code, out, err } = await fleetlog([]);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain('Usage: fleetlog COMMAND');
  });

  test('a wrong configuration is wrong usage', async () => {
    const { code, err } = await fleetlog(['apps'], { env: { FLEETLOG_HTTP_PROT: '1' } });
    expect(code).toBe(2);
    expect(err).toContain('FLEETLOG_HTTP_PORT');
  });
});

describe('asking a server', () => {
  test('one that is not there is code 3 and says what to do', async () => {
    await close();
    const { code, err } = await fleetlog(['apps']);
    expect(code).toBe(3);
    expect(err).toContain(`cannot reach ${url}`);
    expect(err).toContain('fleetlog start');
  });

  test('without a good token is code 3 and says where tokens come from', async () => {
    answer = (_, response) => {
      response.statusCode = 401;
      return { error: { code: 'unauthenticated', message: 'A session or token is needed.' } };
    };
    const { code, err } = await fleetlog(['apps']);
    expect(code).toBe(3);
    expect(err).toContain('FLEETLOG_TOKEN');
  });

  test('a refused query is shown with what is wrong in it, wide characters counted', async () => {
    answer = (_, response) => {
      response.statusCode = 400;
      const error = {
        code: 'bad_query',
        message: 'cannot read the query',
        hint: 'Quote it.',
        position: { start: 3, end: 4 },
      };
      return { error };
    };
    const { code, err } = await fleetlog(['search', '支付 )']);
    expect(code).toBe(1);
    expect(err).toBe('fleetlog: cannot read the query\n  支付 )\n       ^\n  Quote it.\n');
  });

  test('being stopped in the middle is no error', async () => {
    const stop = new AbortController();
    answer = () => {
      stop.abort('SIGINT');
      return undefined;
    };
    expect(await fleetlog(['apps'], { signal: stop.signal })).toEqual({ code: 130, out: '', err: '' });
  });

  test('something that is no Fleetlog is said to be none', async () => {
    answer = (_, response) => void response.end('<html>');
    const { code, err } = await fleetlog(['apps']);
    expect(code).toBe(3);
    expect(err).toContain('Is that a Fleetlog server?');
  });

  test('FLEETLOG_TOKEN goes first, else the token beside the data', async () => {
    mkdirSync(join(home, 'data'));
    writeFileSync(join(home, 'data/cli-token'), 'local-secret\n');
    answer = () => ({ items: [], next: null, notes: [] });
    await fleetlog(['apps']);
    await fleetlog(['apps'], { env: { FLEETLOG_TOKEN: 'given' } });
    expect(asked.map((one) => one.headers.authorization)).toEqual(['Bearer local-secret', 'Bearer given']);
  });

  test('the local token is not sent to another machine', async () => {
    mkdirSync(join(home, 'data'));
    writeFileSync(join(home, 'data/cli-token'), 'local-secret\n');
    answer = () => ({ items: [], next: null, notes: [] });
    // 0.0.0.0 reaches the test's server without being a loopback address by name.
    await fleetlog(['apps', '--url', url.replace('127.0.0.1', '0.0.0.0')]);
    expect(asked.map((one) => one.headers.authorization)).toEqual([undefined]);
  });
});

describe('search', () => {
  test('sends query, filters and range; prints the newest rows oldest first', async () => {
    answer = () => page([record({ message: 'second', level: 'error' }), record({ message: 'first' })]);
    const args = ['search', 'a', '-level:debug', '--app', 'x', '--app', 'y', '--since', '2h', '-n', '5', '--utc'];
    const { code, out, err } = await fleetlog(args);
    expect(code).toBe(0);
    expect(out).toBe(
      '2026-11-21T10:24:57.961032Z INFO  shop-1 first\n2026-11-21T10:24:57.961032Z ERROR shop-1 second\n',
    );
    expect(err).toMatch(/^complete up to 2026-11-2\d/);
    const { params, path } = asked[0];
    expect(path).toBe('/api/v1/logs');
    expect([
      params.get('query'),
      params.getAll('app'),
      params.get('from'),
      params.get('limit'),
      params.get('order'),
    ]).toEqual(['a -level:debug', ['x', 'y'], 'now-2h', '5', 'desc']);
  });

  test('follows pages up to the limit and says when there is more', async () => {
    const row = (n: number) => record({ id: String(n), message: `row ${n}` });
    answer = ({ params }) => {
      const at = Number(params.get('cursor') ?? 0);
      const rows = Array.from({ length: Number(params.get('limit')) }, (_, i) => row(at + i));
      return page(rows, String(at + rows.length));
    };
    const { out, err } = await fleetlog(['search', '--limit', '2500', '-o', 'ndjson']);
    const ids = out
      .trimEnd()
      .split('\n')
      .map((line) => Number((JSON.parse(line) as ApiRecord).id));
    expect(ids).toEqual(Array.from({ length: 2500 }, (_, i) => i));
    expect(asked.map((one) => one.params.get('limit'))).toEqual(['1000', '1000', '500']);
    expect(err).toContain('more than 2500 lines');
  });

  test('json is one document with everything in it', async () => {
    answer = () => page([record()]);
    const { out, err } = await fleetlog(['search', '-o', 'json']);
    expect(JSON.parse(out)).toMatchObject({ records: [{ id: 'id-1' }], completeTo: '2026-11-21T10:25:00.000000Z' });
    expect(err).toBe('');
  });

  test('gaps and notes are said on standard error', async () => {
    const gap = {
      host: 'web-02',
      app: null,
      env: null,
      from: '2026-11-21T10:00:00.000000Z',
      to: null,
      cause: 'collector_silent',
      bytes: null,
    };
    const notes = [{ code: 'unknown_field', field: 'statsu' }];
    answer = () => ({ ...(page([]) as object), gaps: [gap], notes });
    const { out, err } = await fleetlog(['search']);
    expect(out).toBe('');
    expect(err).toContain('gap: web-02 from');
    expect(err).toContain('(its collector says nothing any more)');
    expect(err).toContain('note: unknown field: field statsu');
  });

  test('an instance that is a bare number is shown with its app', async () => {
    answer = () => page([record({ instance: '3' })]);
    expect((await fleetlog(['search'])).out).toContain(' shop/3 hello');
  });

  test('colours only where asked, and marks what was found', async () => {
    answer = () => page([record({ message: 'a Timeout here' })]);
    expect((await fleetlog(['search', 'timeout'])).out).not.toContain('\x1b');
    const { out } = await fleetlog(['search', 'timeout'], { env: { FORCE_COLOR: '1' } });
    expect(out).toContain('a \x1b[7mTimeout\x1b[27m here');
    const plain = await fleetlog(['search', 'timeout'], { env: { FORCE_COLOR: '1', NO_COLOR: '1' } });
    expect(plain.out).not.toContain('\x1b');
  });

  test('hostile bytes cannot reach the terminal unless --raw', async () => {
    const message = '\x1b]0;owned\x07 \x1b[31mred\x1b[0m \x9b2J \u202eevil\u202c a\u200bb\r\nnext\ttab';
    answer = () => page([record({ message, instance: 'shop\x1b[2Jy' })]);
    const { out } = await fleetlog(['search']);
    expect(out).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u200b]/);
    expect(out).toContain('red');
    expect(out).toContain('\n    next    tab\n');
    expect((await fleetlog(['search', '--raw'])).out).toContain('\x1b]0;owned\x07');
  });
});

describe('tail', () => {
  test('without -f prints the newest lines and ends', async () => {
    answer = () => page([record({ message: 'b' }), record({ message: 'a' })]);
    const { code, out } = await fleetlog(['tail', '--app', 'shop', '-n', '2']);
    expect(code).toBe(0);
    expect(out.split('\n').map((line) => line.at(-1))).toEqual(['a', 'b', undefined]);
  });

  test('-f prints as lines come, says what was skipped, and resumes after the last line seen', async () => {
    const event = (id: string, name: string, data: unknown) =>
      `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
    answer = ({ headers }, response) => {
      response.setHeader('content-type', 'text/event-stream');
      if (headers['last-event-id'] === undefined) {
        response.write(event('1', 'record', record({ message: 'one' })));
        const skipped = { count: 7, from: '2026-11-21T10:00:00.000000Z', to: '2026-11-21T10:01:00.000000Z' };
        response.end(event('2', 'skipped', skipped));
      } else response.write(event('3', 'record', record({ message: 'two' })));
      return undefined;
    };
    const stop = new AbortController();
    const ran = await fleetlog(['tail', '-f', '-n', '3'], {
      signal: stop.signal,
      onOut: (out) => out.includes('two') && stop.abort(),
    });
    expect(ran.code).toBe(0);
    expect(ran.out).toMatch(/one\n.*two\n$/s);
    expect(ran.err).toContain('7 lines skipped');
    expect(asked.map((one) => one.headers['last-event-id'])).toEqual([undefined, '2']);
    expect(asked[0].params.get('last')).toBe('3');
  });

  test('-f reports a server that was never there', async () => {
    await close();
    expect((await fleetlog(['tail', '-f'])).code).toBe(3);
  });
});

describe('lists', () => {
  test('a table lays wide characters out right and follows pages', async () => {
    const app = {
      app: '订单',
      env: 'prod',
      instances: 2,
      running: 1,
      hosts: ['h'],
      versions: ['1'],
      lastLineAt: null,
      lines: 1234,
      errors: 0,
      restarts: 0,
      lagMs: null,
    };
    answer = ({ params }) => ({
      items: [params.get('cursor') ? { ...app, app: 'shop' } : app],
      next: params.get('cursor') ? null : 'n',
      notes: [],
    });
    const { out } = await fleetlog(['apps']);
    const [title, ...rows] = out.trimEnd().split('\n');
    const column = textWidth(title.slice(0, title.indexOf('ENV')));
    for (const row of rows) expect(textWidth(row.slice(0, row.indexOf('prod')))).toBe(column);
    expect(rows.length).toBe(2);
    expect(out).toContain('1,234');
    expect(JSON.parse((await fleetlog(['apps', '-o', 'json'])).out).items.length).toBe(2);
  });
});

describe('export', () => {
  test('a file appears only when it is complete', async () => {
    answer = (_, response) => {
      response.write('{"a":1}\n');
      response.end('{"a":2}\n');
      return undefined;
    };
    const { code, out } = await fleetlog(['export', 'x', '--file', 'out.ndjson']);
    expect([code, out]).toEqual([0, '']);
    expect(readFileSync(join(home, 'out.ndjson'), 'utf8')).toBe('{"a":1}\n{"a":2}\n');
    expect(asked[0].params.get('format')).toBe('ndjson');
  });

  test('a stream that breaks off is a failure, and leaves no file', async () => {
    answer = (_, response) => {
      response.setHeader('content-length', '1000');
      response.write('{"a":1}\n', () => response.destroy());
      return undefined;
    };
    const { code, err } = await fleetlog(['export', '--file', 'out.ndjson']);
    expect(code).toBe(1);
    expect(err).toContain('not complete');
    expect(() => readFileSync(join(home, 'out.ndjson'))).toThrow();
    expect(() => readFileSync(join(home, 'out.ndjson.part'))).toThrow();
  });
});

describe('people and tokens', () => {
  test('token create prints the secret alone on standard output', async () => {
    answer = () => ({ token: { id: 't1' }, secret: 'fl_secret' });
    const args = [
      'token',
      'create',
      'ci',
      '--role',
      'reader',
      '--scope',
      'shop/prod',
      '--scope',
      'order-*',
      '--days',
      '9',
    ];
    const { out } = await fleetlog(args);
    expect(out).toBe('fl_secret\n');
    expect(JSON.parse(asked[0].body)).toEqual({
      name: 'ci',
      role: 'reader',
      scopes: [
        { app: 'shop', env: 'prod' },
        { app: 'order-*', env: '*' },
      ],
      days: 9,
    });
  });

  test('user add takes the password from standard input, and asks for none without a terminal', async () => {
    await fleetlog(['user', 'add', 'lin', '--password-stdin'], { stdin: 'correct horse\n' });
    expect(JSON.parse(asked[0].body)).toEqual({ name: 'lin', password: 'correct horse', role: 'reader' });
    const { code, err } = await fleetlog(['user', 'add', 'lin']);
    expect(code).toBe(2);
    expect(err).toContain('--password-stdin');
    expect(asked.length).toBe(1);
  });
});

describe('config', () => {
  test('shows what is in effect, secrets masked', async () => {
    const { out } = await fleetlog(['config', '--set', 'collector.token=hunter2', '--changed']);
    expect(out).toContain('collector.token: from --set');
    expect(out).toContain('token: "***"');
    expect(out).not.toContain('hunter2');
  });

  test('what it prints can be loaded again and is the same', async () => {
    const first = await fleetlog(['config', '--set', 'retention.days=9']);
    writeFileSync(join(home, 'again.yml'), first.out);
    const again = await fleetlog(['config', '--config', 'again.yml', '-o', 'json']);
    expect(JSON.parse(again.out).retention.days).toBe(9);
    expect(again.err).toBe('');
  });
});

describe('doctor', () => {
  test('checks everything, says what to do, and fails when something does', async () => {
    answer = ({ path }) => (path === '/api/v1/me' ? { kind: 'token', name: 'cli', role: 'admin' } : { ok: true });
    const good = await fleetlog(['doctor', '-o', 'json', '--set', 'http.port=0', '--set', 'collector.dockerSocket=']);
    const { findings } = JSON.parse(good.out) as { findings: { check: string; state: string; advice?: string }[] };
    const checks = new Set(findings.map((finding) => finding.check));
    for (const check of [
      'node',
      'config',
      'docker',
      'container logs',
      'disk',
      'data',
      'port',
      'server',
      'sign-in',
      'clock',
    ]) {
      expect(checks).toContain(check);
    }
    for (const finding of findings) if (finding.state !== 'ok') expect(finding.advice).toMatch(/\S/);
    writeFileSync(join(home, 'taken'), '');
    const bad = await fleetlog(['doctor', '--set', 'dataDir=taken/below', '--set', 'http.port=0']);
    expect(bad.code).toBe(1);
    expect(bad.out).toMatch(/fail {2}data/);
  });

  test('a taken port is a failure unless it is the server itself', async () => {
    const port = new URL(url).port;
    answer = (_, response) => void response.writeHead(500).end();
    const other = await fleetlog(['doctor', '--set', `http.port=${port}`]);
    expect(other.out).toMatch(/fail {2}port .*taken by another program/);
    answer = () => ({});
    const own = await fleetlog(['doctor', '--set', `http.port=${port}`]);
    expect(own.out).toMatch(/ok {4}port .*used by the running server/);
  });

  test('a wrong configuration is its first finding', async () => {
    const { code, out } = await fleetlog(['doctor', '--set', 'http.port=x']);
    expect(code).toBe(1);
    expect(out).toMatch(/fail {2}config .*http\.port/);
  });
});

describe('the terminal', () => {
  test.each([
    ['abc', 3],
    ['支付', 4],
    ['ｆｕｌｌ', 8],
    ['한글', 4],
    ['e\u0301', 1],
    ['👩‍👩‍👧', 2],
    ['🇨🇳', 2],
    ['ｶﾅ', 2],
    ['', 0],
  ])('%j takes %d columns', (text, width) => expect(textWidth(text)).toBe(width));

  test('cutting and padding keep to the width', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 20 }), (text, width) => {
        const shown = visible(text).replaceAll('\n', '');
        expect(textWidth(cutText(shown, width))).toBeLessThanOrEqual(width);
        expect(textWidth(padText(cutText(shown, width), width))).toBe(width);
      }),
    );
  });

  test('no text gets a control or direction character through', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(visible(text)).not.toMatch(
          /[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/,
        );
      }),
    );
  });

  test('columns line up', () => {
    const text = table(
      [
        { a: '订单', n: 5 },
        { a: 'x', n: 12 },
      ],
      [
        { title: 'A', cell: (row) => row.a },
        { title: 'N', cell: (row) => String(row.n), align: 'right' },
      ],
    );
    expect(text).toBe('A      N\n订单   5\nx     12\n');
  });

  test('progress is drawn on a terminal and taken away, and nowhere else', () => {
    const draw = (isTTY: boolean) => {
      let text = '';
      const write = (part: string | Uint8Array) => {
        text += part;
        return true;
      };
      const output = { isTTY, write };
      const progress = createProgress(output, 'exporting', () => 0);
      progress.update(5, 10, 'half');
      progress.clear();
      return text;
    };
    expect(draw(true)).toMatch(/exporting █{15}░{15} 50% half\r\x1b\[2K$/);
    expect(draw(false)).toBe('');
  });

  test('times without a zone are local, with one they are kept to the microsecond', () => {
    expect(timeArgument('search', 'since', '15m')).toBe('now-15m');
    expect(timeArgument('search', 'since', '2w')).toBe('now-14d');
    expect(timeArgument('search', 'since', '2026-11-21T10:00:00.123456Z')).toBe('2026-11-21T10:00:00.123456Z');
    const local = new Date(2026, 10, 21, 10, 30).toISOString().slice(0, 19);
    expect(timeArgument('search', 'since', '2026-11-21 10:30')).toBe(`${local}.000000Z`);
    expect(timeArgument('search', 'since', '2026-11-21T10:30:00.123456')).toBe(`${local}.123456Z`);
  });
});

describe('server-sent events', () => {
  test('are the same however the bytes are cut', async () => {
    const events = [
      { id: '1', event: 'record', data: '{"message":"支付"}' },
      { id: '2', event: 'message', data: 'two\nlines' },
    ];
    const text =
      ': hello\n\nid: 1\nevent: record\ndata: {"message":"支付"}\n\nid: 2\r\ndata: two\r\ndata: lines\r\n\r\ndata: cut off';
    const bytes = Buffer.from(text);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 20 }), async (cuts) => {
        const edges = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        async function* chunks() {
          for (let i = 1; i < edges.length; i++) yield bytes.subarray(edges[i - 1], edges[i]);
        }
        expect(await all(readEvents(chunks()))).toEqual(events);
      }),
    );
  });
});

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe('figures', () => {
  const figures = (rest: Record<string, number>) => ({
    ...{ cpuCores: null, memoryBytes: null, memoryRatio: null, netRxBytesPerSecond: null, netTxBytesPerSecond: null },
    ...{
      diskReadBytesPerSecond: null,
      diskWriteBytesPerSecond: null,
      pids: null,
      restarts: null,
      errorsPerMinute: null,
    },
    ...rest,
  });

  test('top asks for what tells rows apart, sorts, and cuts', async () => {
    answer = () => ({
      items: [
        { labels: { app: 'pay', env: 'prod' }, figures: figures({ cpuCores: 2, memoryBytes: 1e6 }) },
        { labels: { app: '订单', env: 'prod' }, figures: figures({ cpuCores: 1, memoryBytes: 5e9 }) },
      ],
    });
    const { code, out } = await fleetlog(['top', '--metric', 'memory', '--env', 'prod']);
    expect(code).toBe(0);
    expect(asked[0].path).toBe('/api/v1/metrics/now');
    expect([asked[0].params.getAll('by'), asked[0].params.getAll('env')]).toEqual([['app', 'env'], ['prod']]);
    expect(out.split('\n').map((line) => line.split(/\s+/)[0])).toEqual(['APP', '订单', 'pay', '']);
    const json = await fleetlog(['top', '--by', 'container', '-n', '1', '-o', 'json']);
    expect(asked[1].params.getAll('by')).toEqual(['container', 'app', 'env', 'host']);
    expect(JSON.parse(json.out).items).toHaveLength(1);
    expect(JSON.parse(json.out).items[0].labels.app).toBe('pay');
  });

  test('top is live on a terminal: keys sort it, q ends it, and the terminal is left as it was', async () => {
    answer = () => ({
      items: [
        { labels: { app: 'pay', env: 'prod' }, figures: figures({ cpuCores: 2, memoryBytes: 1e6 }) },
        { labels: { app: 'shop', env: 'prod' }, figures: figures({ cpuCores: 1, memoryBytes: 5e9 }) },
      ],
    });
    const raw: boolean[] = [];
    const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (on: boolean) => raw.push(on) });
    const screens: string[] = [];
    const stdout = {
      isTTY: true,
      columns: 40,
      write(text: string | Uint8Array) {
        const shown = String(text);
        screens.push(shown);
        if (shown.includes('CPU▼')) stdin.write('m');
        if (shown.includes('MEM▼')) stdin.write('q');
        return true;
      },
    };
    const io = { stdout, stderr: stdout, stdin, env: { FLEETLOG_URL: url, NO_COLOR: '1' }, cwd: home };
    const code = await run(['top'], { ...io, signal: new AbortController().signal });
    expect(code).toBe(0);
    expect(raw).toEqual([true, false]);
    const order = (title: string) => /\b(pay|shop) /.exec(screens.find((one) => one.includes(title)) ?? '')?.[1];
    expect([order('CPU▼'), order('MEM▼')]).toEqual(['pay', 'shop']);
    expect(screens[0]).toContain('\x1b[?7l');
    expect(screens.at(-1)).toContain('\x1b[?7h');
  });

  test('capacity says what to do', async () => {
    const fits = { limit: 1, p95: 0.7, ratio: 0.7, hint: 'fits', proposed: null };
    const raise = { limit: 1e9, p95: 9.6e8, ratio: 0.96, hint: 'raise', proposed: 1.25e9 };
    answer = () => ({
      items: [{ app: 'shop', env: 'prod', cpu: fits, memory: raise, cpuThrottledRatio: 0.1, oomKills: 2 }],
    });
    const { out } = await fleetlog(['capacity']);
    expect(asked[0].path).toBe('/api/v1/capacity');
    expect(out).toMatch(/shop +prod +1\.00 +0\.70 +fits +1\.0 GB +960 MB +raise to 1\.3 GB +10% +2/);
    expect(JSON.parse((await fleetlog(['capacity', '-o', 'json'])).out).items[0].memory.hint).toBe('raise');
  });

  test('events -f prints each event once, as it comes, and none from before the range', async () => {
    const event = (id: string, time: string) => ({
      ...{ id, time: `2026-11-21T10:${time}.000000Z`, type: 'die', app: 'shop', env: 'prod', host: 'h1' },
      ...{ container: 'c', containerName: 'shop-1', exitCode: 137 },
    });
    const [old, first, second, late] = [
      event('0', '01:00'),
      event('a', '24:00'),
      event('b', '25:00'),
      event('c', '24:30'),
    ];
    const answers = [[first], [first, old], [second, first, old], [late, second, first, old]];
    answer = () => ({ items: answers.length > 1 ? answers.shift() : answers[0], next: null, notes: [] });
    const stop = new AbortController();
    const onOut = (text: string) => {
      if (text.split('\n').length > 3) stop.abort();
    };
    const { code, out } = await fleetlog(['events', '-f', '--app', 'shop', '-o', 'ndjson'], {
      signal: stop.signal,
      onOut,
    });
    expect(code).toBe(0);
    const ids = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).id);
    expect(ids).toEqual(['a', 'b', 'c']);
    expect(asked[2].params.get('from')).toBe('now-10m');
    expect(asked[2].params.getAll('app')).toEqual(['shop']);
  });
});
