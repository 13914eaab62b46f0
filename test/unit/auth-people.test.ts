import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createPasswords } from '../../api/auth/passwords.ts';
import type { StateStore } from '../../store/state-store.ts';
import { type Answer, type Harness, startHarness } from '../suites/api-harness.ts';

const PASSWORD = 'blue horse 77 sky';
let h: Harness;
beforeEach(async () => {
  h = await startHarness({ config: (config) => void (config.auth.loginsPerMinute = 30) });
});
afterEach(() => h.close());

const cookieOf = (answer: Answer): string => answer.headers.get('set-cookie')!.split(';')[0];
const login = (name: string, password: string, cookie?: string): Promise<Answer> =>
  h.send('POST', '/api/v1/login', { name, password }, cookie ? { cookie } : {});
const me = (cookie: string): Promise<Answer> => h.send('GET', '/api/v1/me', undefined, { cookie });

async function setUp(name = 'ann'): Promise<Answer> {
  const link = (await h.api.setupUrl())!;
  return h.send('POST', '/api/v1/setup', { token: link.split('#')[1], name, password: PASSWORD }, {});
}

async function everything(state: StateStore): Promise<string> {
  const all = await Promise.all(['user', 'session', 'token', 'setup', 'view'].map((kind) => state.list(kind)));
  return JSON.stringify(all);
}

describe('setup', () => {
  test('the link makes the first admin, once', async () => {
    expect(await h.api.setupUrl()).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/setup#[A-Za-z0-9_-]{43}$/);
    const link = (await h.api.setupUrl())!;
    const token = link.split('#')[1];
    const wrong = await h.send('POST', '/api/v1/setup', { token: `${token}x`, name: 'eve', password: PASSWORD }, {});
    expect(wrong.json.error.code).toBe('setup_used');
    const weak = await h.send('POST', '/api/v1/setup', { token, name: 'ann', password: '1234567890' }, {});
    expect(weak.json.error.code).toBe('weak_password');
    const done = await h.send('POST', '/api/v1/setup', { token, name: 'ann', password: PASSWORD }, {});
    expect(done.json).toMatchObject({ name: 'ann', role: 'admin', kind: 'user' });
    expect((await me(cookieOf(done))).json.name).toBe('ann');
    const again = await h.send('POST', '/api/v1/setup', { token, name: 'eve', password: PASSWORD }, {});
    expect(again.json.error).toMatchObject({ code: 'setup_used', hint: expect.any(String) });
    expect(await h.api.setupUrl()).toBeNull();
  });

  test('a new link ends the former, an hour ends each', async () => {
    const first = (await h.api.setupUrl())!.split('#')[1];
    const second = (await h.api.setupUrl())!.split('#')[1];
    const redeem = (token: string) => h.send('POST', '/api/v1/setup', { token, name: 'ann', password: PASSWORD }, {});
    expect((await redeem(first)).status).toBe(403);
    h.clock.set(h.clock.nowUs() + 3600e6);
    expect((await redeem(second)).status).toBe(403);
  });

  test('two who redeem at once: one admin', async () => {
    const token = (await h.api.setupUrl())!.split('#')[1];
    const both = await Promise.all(
      ['ann', 'eve'].map((name) => h.send('POST', '/api/v1/setup', { token, name, password: PASSWORD }, {})),
    );
    expect(both.map((answer) => answer.status).sort()).toEqual([200, 403]);
    expect((await h.get('/api/v1/users')).json.items).toHaveLength(1);
  });
});

describe('login', () => {
  test('a wrong name and a wrong password look the same', async () => {
    await setUp();
    const wrong = await login('ann', 'wrong horse 77 sky');
    const nobody = await login('bob', 'wrong horse 77 sky');
    expect(wrong.status).toBe(401);
    expect(wrong.json).toEqual(nobody.json);
    expect(wrong.headers.get('set-cookie')).toBeNull();
    expect((await login('ANN', PASSWORD)).status).toBe(200);
  });

  test('attempts a minute are bounded, by name and by address', async () => {
    await h.close();
    h = await startHarness({ config: (config) => void (config.auth.loginsPerMinute = 3) });
    for (let i = 0; i < 3; i++) expect((await login('ann', 'wrong wrong wrong')).status).toBe(401);
    const refused = await login('ann', 'wrong wrong wrong');
    expect(refused.json.error.code).toBe('too_many_logins');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await login('somebody-else', 'wrong wrong wrong')).status).toBe(429);
  });

  test('each login is a new session; logout, a new login and disabling end the old one', async () => {
    const first = cookieOf(await setUp());
    const second = cookieOf(await login('ann', PASSWORD, first));
    expect(second).not.toBe(first);
    expect((await me(first)).status).toBe(401);
    expect((await me(second)).status).toBe(200);
    const out = await h.send('POST', '/api/v1/logout', undefined, { cookie: second, 'x-fleetlog': '1' });
    expect(out.status).toBe(204);
    expect(out.headers.get('set-cookie')).toContain('Max-Age=0');
    expect((await me(second)).status).toBe(401);

    await h.send('POST', '/api/v1/users', { name: 'bob', password: PASSWORD });
    const bob = cookieOf(await login('bob', PASSWORD));
    await h.send('PATCH', '/api/v1/users/bob', { disabled: true });
    expect((await me(bob)).status).toBe(401);
    expect((await login('bob', PASSWORD)).status).toBe(401);
    await h.send('PATCH', '/api/v1/users/bob', { disabled: false });
    expect((await me(bob)).status).toBe(401);
    expect((await login('bob', PASSWORD)).status).toBe(200);
  });

  test('sessions end by idleness and by age', async () => {
    const cookie = cookieOf(await setUp());
    const hour = 3600e6;
    const start = h.clock.nowUs();
    for (let hours = 20; hours < 168; hours += 20) {
      h.clock.set(start + hours * hour);
      expect((await me(cookie)).status).toBe(200);
    }
    h.clock.set(start + 168.1 * hour);
    expect((await me(cookie)).status).toBe(401);
    const idle = cookieOf(await login('ann', PASSWORD));
    h.clock.set(start + 193 * hour);
    expect((await me(idle)).status).toBe(401);
  });

  test('a new password ends all other sessions and needs the old one', async () => {
    await setUp();
    const here = cookieOf(await login('ann', PASSWORD));
    const there = cookieOf(await login('ann', PASSWORD));
    const change = (old: string, password: string, cookie: string) =>
      h.send('POST', '/api/v1/me/password', { old, password }, { cookie });
    expect((await change('not the old one', 'green cow 12 sea', here)).json.error.code).toBe('bad_credentials');
    expect((await change(PASSWORD, 'password1234', here)).json.error.code).toBe('weak_password');
    const changed = await change(PASSWORD, 'green cow 12 sea', here);
    expect(changed.status).toBe(200);
    expect((await me(there)).status).toBe(401);
    expect((await me(cookieOf(changed))).status).toBe(200);
    expect((await login('ann', PASSWORD)).status).toBe(401);
  });

  test('the cookie: plain on loopback, without Secure where insecure was asked for, __Host- behind TLS', async () => {
    const attributes = (answer: Answer): string => answer.headers.get('set-cookie')!;
    const plain = attributes(await setUp());
    expect(plain).toMatch(/^fleetlog=[\w-]{43}; Max-Age=604800; Path=\/; HttpOnly; SameSite=Lax$/);
    await h.close();
    h = await startHarness({ config: (config) => void (config.http.trustProxy = true) });
    expect(attributes(await setUp())).toMatch(
      /^__Host-fleetlog=[\w-]{43}; Max-Age=604800; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
    );
  });
});

test('neither store nor log holds a password, session, token or link as it is', async () => {
  const link = (await h.api.setupUrl())!.split('#')[1];
  const cookie = cookieOf(await h.send('POST', '/api/v1/setup', { token: link, name: 'ann', password: PASSWORD }, {}));
  const { secret } = await h.token('reader');
  await h.get('/api/v1/me', secret);
  await h.get('/api/v1/me', `${secret}x`);
  await me(cookie);
  await login('ann', 'wrong horse 77 sky');
  const kept = (await everything(h.state)) + JSON.stringify(h.logged);
  expect(kept).toContain('scrypt$');
  expect(h.logged.length).toBeGreaterThan(5);
  for (const one of [PASSWORD, 'wrong horse', link, cookie.split('=')[1], secret.split('_').slice(2).join('_')])
    expect(kept).not.toContain(one);
});

describe('users', () => {
  test('are made, listed without their hash, changed and removed', async () => {
    await setUp();
    const made = await h.send('POST', '/api/v1/users', {
      name: 'bob',
      password: PASSWORD,
      scopes: [{ app: 'shop-*', env: 'prod' }],
    });
    expect(made.status).toBe(201);
    expect(made.json).toEqual({
      name: 'bob',
      role: 'reader',
      scopes: [{ app: 'shop-*', env: 'prod' }],
      createdAt: expect.any(String),
      lastLoginAt: null,
      disabled: false,
    });
    expect((await h.send('POST', '/api/v1/users', { name: 'Bob', password: PASSWORD })).json.error.code).toBe(
      'already_exists',
    );
    expect((await h.send('PATCH', '/api/v1/users/bob', { role: 'admin' })).json.role).toBe('admin');
    expect((await h.send('PATCH', '/api/v1/users/nobody', { role: 'admin' })).status).toBe(404);
    expect((await h.send('PATCH', '/api/v1/users/bob', { era: 9 })).json.error.code).toBe('bad_request');
    expect((await h.get('/api/v1/users')).text).not.toContain('scrypt');
    expect((await h.send('DELETE', '/api/v1/users/bob')).status).toBe(204);
    expect((await h.get('/api/v1/users')).json.items).toHaveLength(1);
  });

  test('the last admin stays one', async () => {
    await setUp();
    for (const change of [{ role: 'reader' }, { disabled: true }])
      expect((await h.send('PATCH', '/api/v1/users/ann', change)).json.error.code).toBe('last_admin');
    expect((await h.send('DELETE', '/api/v1/users/ann')).json.error.code).toBe('last_admin');
    await h.send('POST', '/api/v1/users', { name: 'bob', password: PASSWORD, role: 'admin' });
    expect((await h.send('DELETE', '/api/v1/users/ann')).status).toBe(204);
  });

  test('weak passwords are refused with the reason', async () => {
    for (const password of [
      'short',
      'aaaaaaaaaaaa',
      'password1234',
      'P@ssw0rd123',
      'qwertyuiop',
      '1234567890123',
      'annabella1',
    ])
      expect((await h.send('POST', '/api/v1/users', { name: 'annabella', password })).json.error).toMatchObject({
        code: 'weak_password',
        hint: expect.any(String),
      });
    for (const password of ['正确的马电池订书钉很好', 'kettle-of-fish', PASSWORD])
      expect((await h.send('POST', '/api/v1/users', { name: `u${password.length}`, password })).status).toBe(201);
  });
});

describe('tokens', () => {
  test('are shown once, work until they expire or are revoked', async () => {
    const made = await h.send('POST', '/api/v1/tokens', { name: 'ci', days: 1 });
    expect(made.json.secret).toMatch(/^flt_[a-z0-9]{12}_[A-Za-z0-9_-]{43}$/);
    expect((await h.get('/api/v1/me', made.json.secret)).json).toMatchObject({
      kind: 'token',
      name: 'ci',
      role: 'reader',
    });
    expect((await h.get('/api/v1/tokens')).text).not.toContain(made.json.secret.slice(17));
    h.clock.set(h.clock.nowUs() + 86_400e6);
    expect((await h.get('/api/v1/me', made.json.secret)).status).toBe(401);
    const other = await h.token('reader');
    expect((await h.send('DELETE', `/api/v1/tokens/${other.token.id}`)).status).toBe(204);
    expect((await h.get('/api/v1/me', other.secret)).status).toBe(401);
    expect((await h.send('DELETE', `/api/v1/tokens/${other.token.id}`)).status).toBe(404);
  });

  test('a reader makes only reader tokens, sees only their own, and these end with the reader', async () => {
    await setUp();
    const scopes = [{ app: 'shop', env: 'prod' }];
    await h.send('POST', '/api/v1/users', { name: 'bob', password: PASSWORD, scopes });
    const cookie = cookieOf(await login('bob', PASSWORD));
    const make = (body: object) => h.send('POST', '/api/v1/tokens', body, { cookie });
    expect((await make({ name: 'x', role: 'admin' })).status).toBe(403);
    expect((await make({ name: 'x', role: 'collector', host: 'h1' })).status).toBe(403);
    const wide = await make({ name: 'x', scopes: [{ app: '*', env: '*' }] });
    expect(wide.status).toBe(201);
    const list = await h.send('GET', '/api/v1/tokens', undefined, { cookie });
    expect(list.json.items.map((token: { id: string }) => token.id)).toEqual([wide.json.token.id]);
    const adminToken = (await h.get('/api/v1/tokens')).json.items.find((t: { role: string }) => t.role === 'admin');
    expect(
      (await h.send('DELETE', `/api/v1/tokens/${adminToken.id}`, undefined, { cookie, 'x-fleetlog': '1' })).status,
    ).toBe(404);
    expect((await h.get('/api/v1/hosts', wide.json.secret)).status).toBe(200);
    await h.send('PATCH', '/api/v1/users/bob', { disabled: true });
    expect((await h.get('/api/v1/hosts', wide.json.secret)).status).toBe(401);
  });

  test('a collector token names its host', async () => {
    expect((await h.send('POST', '/api/v1/tokens', { name: 'c', role: 'collector' })).json.error.code).toBe(
      'bad_request',
    );
    expect((await h.send('POST', '/api/v1/tokens', { name: 'c', host: 'h1' })).json.error.code).toBe('bad_request');
    expect((await h.token('collector', undefined, { host: 'h1' })).token.host).toBe('h1');
  });
});

test('the command line\u2019s token is for its owner alone, stays, and is made again when it is not known', async () => {
  const { ensureCliToken } = await import('../../api/auth/cli-token.ts');
  const { mkdtemp, rm, stat, writeFile } = await import('node:fs/promises');
  const { join } = await import('node:path');
  const dir = await mkdtemp('/tmp/fleetlog-cli-');
  try {
    const token = await ensureCliToken({ dataDir: dir, state: h.state });
    expect((await stat(join(dir, 'cli-token'))).mode & 0o777).toBe(0o600);
    expect((await readFile(join(dir, 'cli-token'), 'utf8')).trim()).toBe(token);
    expect(await ensureCliToken({ dataDir: dir, state: h.state })).toBe(token);
    expect((await h.get('/api/v1/users', token)).status).toBe(200);
    await writeFile(join(dir, 'cli-token'), 'flt_000000000000_nonsense');
    const next = await ensureCliToken({ dataDir: dir, state: h.state });
    expect(next).not.toBe(token);
    expect((await h.get('/api/v1/users', token)).status).toBe(401);
  } finally {
    await rm(dir, { recursive: true });
  }
});

test('a password hash is its own salt and takes any Unicode form', async () => {
  const passwords = createPasswords();
  const [a, b] = await Promise.all([passwords.hash('caf\u00e9 au lait'), passwords.hash('caf\u00e9 au lait')]);
  expect(a).toMatch(/^scrypt\$32768\$8\$3\$/);
  expect(a).not.toBe(b);
  expect(await passwords.verify('cafe\u0301 au lait', a)).toBe(true);
  expect(await passwords.verify('cafe au lait', a)).toBe(false);
  expect(await passwords.verify('caf\u00e9 au lait', null)).toBe(false);
});
