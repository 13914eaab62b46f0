import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import type { Configuration } from 'oidc-provider';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { localPath } from '../../api/routes/oidc.ts';
import type { Config } from '../../model/config.ts';
import { OIDC_CLIENT, type OidcServer, startOidcServer } from '../servers/oidc.ts';
import { type Answer, type Harness, startHarness } from '../suites/api-harness.ts';

const PASSWORD = 'blue horse 77 sky';
const CALLBACK = '/api/v1/oidc/callback';
let h: Harness;
let server: OidcServer;
/** Where the product listens: known before it does, for the provider must know it. */
let home: string;

async function start(
  change: (config: Config) => void = () => {},
  provider: Partial<Configuration> = {},
): Promise<void> {
  const port = await freePort();
  home = `http://127.0.0.1:${port}`;
  server = await startOidcServer(home + CALLBACK, provider);
  server.accounts.set('ann', account('Ann', ['staff', 'ops']));
  server.accounts.set('bob', account('bob', ['shop-team']));
  server.accounts.set('eve', account('eve', ['nobody-knows-this']));
  h = await startHarness({
    config: (config) => {
      config.http.port = port;
      config.http.publicUrl = home;
      config.auth.mode = 'oidc';
      Object.assign(config.auth.oidc, {
        issuer: server.issuer,
        clientId: OIDC_CLIENT.id,
        clientSecret: OIDC_CLIENT.secret,
        groups: [
          { group: 'ops', role: 'admin', app: '*', env: '*' },
          { group: 'staff', role: 'reader', app: 'wiki', env: '*' },
          { group: 'shop-team', role: 'reader', app: 'shop-*', env: 'prod' },
          { group: 'shop-leads', role: 'reader', app: 'shop-*', env: 'test' },
        ],
      });
      change(config);
    },
  });
}
beforeEach(() => start());
afterEach(async () => {
  await h.close();
  await server.close();
});

const account = (name: string, groups?: unknown) => ({
  preferred_username: name,
  ...(groups !== undefined && { groups }),
});

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** Keeps cookies by origin and follows nothing by itself, as a browser looked at step by step. */
function createBrowser() {
  const jars = new Map<string, Map<string, string>>();
  async function go(url: string, form?: Record<string, string>): Promise<Response> {
    const { origin } = new URL(url);
    const jar = jars.get(origin) ?? new Map<string, string>();
    jars.set(origin, jar);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, {
      method: form ? 'POST' : 'GET',
      redirect: 'manual',
      headers: { cookie, accept: 'text/html' },
      ...(form && { body: new URLSearchParams(form) }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [pair] = line.split(';');
      const at = pair.indexOf('=');
      if (/max-age=0|1970/i.test(line)) jar.delete(pair.slice(0, at));
      else jar.set(pair.slice(0, at), pair.slice(at + 1));
    }
    return response;
  }
  const to = (response: Response, from: string): string => new URL(response.headers.get('location')!, from).href;

  return {
    jars,
    go,
    /** From our start to the provider's address, nothing asked there yet. */
    async begin(next?: string): Promise<string> {
      const url = `${home}/api/v1/oidc/login${next === undefined ? '' : `?next=${encodeURIComponent(next)}`}`;
      const response = await go(url);
      expect(response.status).toBe(303);
      return to(response, url);
    },
    /** Signs in at the provider and gives the address it sends back to, not opened yet. */
    async approve(address: string, login: string | null): Promise<string> {
      let url = address;
      for (let step = 0; step < 12; step++) {
        if (url.startsWith(home)) return url;
        const response = await go(url);
        if (response.status < 400 && response.headers.has('location')) {
          url = to(response, url);
          continue;
        }
        const page = await response.text();
        if (!page.includes('name="prompt"')) throw new Error(`${response.status} ${page.slice(0, 1500)}`);
        if (login === null) url = new URL(/href="([^"]*\/abort)"/.exec(page)![1], url).href;
        else {
          const prompt = /name="prompt" value="(\w+)"/.exec(page)![1];
          url = to(await go(url, prompt === 'login' ? { prompt, login, password: 'x' } : { prompt }), url);
        }
      }
      throw new Error(`the provider does not come to an end; last ${url}`);
    },
    async signIn(login: string, next?: string): Promise<Response> {
      return go(await this.approve(await this.begin(next), login));
    },
    async me(): Promise<Answer> {
      const jar = jars.get(home) ?? new Map();
      return h.send('GET', '/api/v1/me', undefined, { cookie: `fleetlog=${jar.get('fleetlog') ?? ''}` });
    },
  };
}
const refusedAs = (response: Response): string | null =>
  new URL(response.headers.get('location')!, home).searchParams.get('refused');

describe('signing in by a provider', () => {
  test('gives a session with the rights of all groups, and leads on', async () => {
    const browser = createBrowser();
    const back = await browser.signIn('ann', '/logs?query=level%3Aerror&from=now-1h');
    expect(back.status).toBe(303);
    expect(back.headers.get('location')).toBe('/logs?query=level%3Aerror&from=now-1h');
    expect(back.headers.getSetCookie()[0]).toMatch(
      /^fleetlog=[\w-]{43}; Max-Age=604800; Path=\/; HttpOnly; SameSite=Lax$/,
    );
    const me = await browser.me();
    expect(me.json).toMatchObject({ name: 'Ann', kind: 'user', role: 'admin' });
    expect(me.json.scopes).toEqual([
      { app: '*', env: '*' },
      { app: 'wiki', env: '*' },
    ]);
    const users = (await h.get('/api/v1/users')).json.items;
    expect(users).toMatchObject([{ name: 'Ann', role: 'admin', provider: server.issuer, disabled: false }]);
    expect(users[0].lastLoginAt).not.toBeNull();
    const [entry] = (await h.get('/api/v1/audit?action=login')).json.items;
    expect(entry).toMatchObject({ actor: 'user:ann', kind: 'user', outcome: 'ok', detail: { subject: 'ann' } });
  });

  test('asks with PKCE, state and nonce, and keeps neither them nor the code in clear', async () => {
    const browser = createBrowser();
    const address = new URL(await browser.begin());
    const asked = Object.fromEntries(address.searchParams);
    expect(asked).toMatchObject({
      response_type: 'code',
      client_id: OIDC_CLIENT.id,
      redirect_uri: home + CALLBACK,
      scope: 'openid profile email',
      code_challenge_method: 'S256',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
    });
    const callback = await browser.approve(address.href, 'ann');
    await browser.go(callback);
    const kept = JSON.stringify([
      h.logged,
      await Promise.all(['audit', 'user', 'session', 'oidc-attempt', 'oidc-subject'].map((kind) => h.state.list(kind))),
    ]);
    const secrets = [asked.state, new URL(callback).searchParams.get('code')!, OIDC_CLIENT.secret];
    for (const secret of [...secrets, ...browser.jars.get(home)!.values()]) expect(kept).not.toContain(secret);
  });

  test('the groups are judged anew at each sign-in, and open sessions follow', async () => {
    const first = createBrowser();
    await first.signIn('bob');
    expect((await first.me()).json).toMatchObject({ role: 'reader', scopes: [{ app: 'shop-*', env: 'prod' }] });
    server.accounts.set('bob', account('bob', ['shop-team', 'shop-leads']));
    const second = createBrowser();
    await second.signIn('bob');
    for (const browser of [first, second])
      expect((await browser.me()).json.scopes).toEqual([
        { app: 'shop-*', env: 'prod' },
        { app: 'shop-*', env: 'test' },
      ]);
    server.accounts.set('bob', account('bob', ['left']));
    const third = createBrowser();
    expect(refusedAs(await third.signIn('bob'))).toBe('no_group');
    for (const browser of [first, second, third]) expect((await browser.me()).status).toBe(401);
  });

  test('a group may be a single string, lie within an object, or be everyone', async () => {
    await h.close();
    await server.close();
    await start((config) => {
      config.auth.oidc.groupsClaim = 'realm_access.roles';
      config.auth.oidc.groups = [
        { group: '*', role: 'reader', app: 'public', env: '*' },
        { group: 'dev', role: 'reader', app: 'shop', env: '*' },
      ];
    });
    const claims = { preferred_username: 'kim', realm_access: { roles: 'dev' } };
    server.accounts.set('kim', claims);
    const kim = createBrowser();
    await kim.signIn('kim');
    expect((await kim.me()).json.scopes).toEqual([
      { app: 'public', env: '*' },
      { app: 'shop', env: '*' },
    ]);
    const eve = createBrowser();
    await eve.signIn('eve');
    expect((await eve.me()).json.scopes).toEqual([{ app: 'public', env: '*' }]);
  });

  test('a session ends by age, by logout, by disabling, and when the provider is no longer ours', async () => {
    const browser = createBrowser();
    await browser.signIn('bob');
    h.clock.set(h.clock.nowUs() + 169 * 3600e6);
    expect((await browser.me()).status).toBe(401);
    await browser.signIn('bob');
    const cookie = `fleetlog=${browser.jars.get(home)!.get('fleetlog')}`;
    expect((await h.send('POST', '/api/v1/logout', undefined, { cookie, 'x-fleetlog': '1' })).status).toBe(204);
    expect((await browser.me()).status).toBe(401);
    await browser.signIn('bob');
    await h.send('PATCH', '/api/v1/users/bob', { disabled: true });
    expect((await browser.me()).status).toBe(401);
    expect(refusedAs(await browser.signIn('bob'))).toBe('disabled');
    await h.send('PATCH', '/api/v1/users/bob', { disabled: false });
    await browser.signIn('bob');
    expect((await browser.me()).status).toBe(200);
    h.config.auth.mode = 'local';
    await h.restart();
    expect((await browser.me()).status).toBe(401);
    expect((await h.get('/api/v1/login/methods', null)).json).toEqual({ password: true, oidc: null });
  });

  test('their tokens rest when the last sign-in is long ago', async () => {
    const browser = createBrowser();
    await browser.signIn('bob');
    const cookie = `fleetlog=${browser.jars.get(home)!.get('fleetlog')}`;
    const { secret } = (await h.send('POST', '/api/v1/tokens', { name: 'mine' }, { cookie })).json;
    expect((await h.get('/api/v1/me', secret)).status).toBe(200);
    h.clock.set(h.clock.nowUs() + 31 * 86_400e6);
    expect((await h.get('/api/v1/me', secret)).status).toBe(401);
    await browser.signIn('bob');
    expect((await h.get('/api/v1/me', secret)).status).toBe(200);
  });

  test('local users and tokens go on working, also while the provider is down', async () => {
    await h.send('POST', '/api/v1/users', { name: 'break-glass', password: PASSWORD, role: 'admin' });
    await server.close();
    const browser = createBrowser();
    const answer = await browser.go(`${home}/api/v1/oidc/login?next=/logs`);
    expect(refusedAs(answer)).toBe('provider_down');
    expect(new URL(answer.headers.get('location')!, home).searchParams.get('next')).toBe('/logs');
    const local = await h.send('POST', '/api/v1/login', { name: 'break-glass', password: PASSWORD }, {});
    expect(local.status).toBe(200);
    expect((await h.get('/api/v1/me')).status).toBe(200);
    expect((await h.get('/api/v1/login/methods', null)).json).toEqual({
      password: true,
      oidc: { label: 'localhost', url: '/api/v1/oidc/login' },
    });
  });

  test('a provider that is down at first is asked again at the next sign-in', async () => {
    let fails = 2;
    let upstream = '';
    const front = createServer(async (request, reply) => {
      if (fails-- > 0) return void reply.writeHead(503).end();
      const answer = await fetch(upstream + request.url);
      const text = (await answer.text()).replaceAll(upstream, `http://localhost:${port}`);
      reply.writeHead(answer.status, { 'content-type': 'application/json' }).end(text);
    });
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
    front.unref();
    const { port } = front.address() as AddressInfo;
    await h.close();
    await server.close();
    await start((config) => {
      upstream = config.auth.oidc.issuer;
      config.auth.oidc.issuer = `http://localhost:${port}`;
    });
    const browser = createBrowser();
    for (let i = 0; i < 2; i++) expect(refusedAs(await browser.go(`${home}/api/v1/oidc/login`))).toBe('provider_down');
    expect(await browser.begin()).toContain('/auth?');
  });
});

describe('what is refused', () => {
  test('a person without a group that counts, by a page that says so', async () => {
    const browser = createBrowser();
    const back = await browser.signIn('eve', '/logs?query=x');
    expect(back.headers.get('location')).toBe('/login?refused=no_group&next=%2Flogs%3Fquery%3Dx');
    expect(browser.jars.get(home)!.has('fleetlog')).toBe(false);
    expect((await h.get('/api/v1/users')).json.items).toEqual([]);
    const [entry] = (await h.get('/api/v1/audit?action=login')).json.items;
    expect(entry).toMatchObject({
      actor: 'unknown',
      outcome: 'refused',
      detail: { code: 'no_group', subject: 'eve', name: 'eve' },
    });
    server.accounts.set('kim', account('kim'));
    expect(refusedAs(await createBrowser().signIn('kim'))).toBe('no_group');
  });

  test('a wrong state, none, or two', async () => {
    const browser = createBrowser();
    const callback = new URL(await browser.approve(await browser.begin(), 'ann'));
    const state = callback.searchParams.get('state')!;
    for (const wrong of [[`${state.slice(1)}A`], [], [state, state], ['']]) {
      const url = new URL(callback);
      url.searchParams.delete('state');
      for (const one of wrong) url.searchParams.append('state', one);
      expect(refusedAs(await browser.go(url.href))).toBe('expired');
    }
    expect((await browser.go(callback.href)).headers.get('location')).toBe('/');
  });

  test('another browser than the one that began, which may still end it', async () => {
    const victim = createBrowser();
    const attacker = createBrowser();
    const callback = await attacker.approve(await attacker.begin(), 'eve');
    await victim.begin();
    expect(refusedAs(await victim.go(callback))).toBe('expired');
    expect(refusedAs(await createBrowser().go(callback))).toBe('expired');
    expect((await victim.me()).status).toBe(401);
    expect(refusedAs(await attacker.go(callback))).toBe('no_group');
  });

  test('the same answer twice', async () => {
    const browser = createBrowser();
    const callback = await browser.approve(await browser.begin(), 'ann');
    const both = await Promise.all([browser.go(callback), browser.go(callback)]);
    expect(both.map((one) => one.headers.get('location')).sort()).toEqual(['/', '/login?refused=expired']);
    expect(refusedAs(await browser.go(callback))).toBe('expired');
  });

  test('a code of another sign-in', async () => {
    const attacker = createBrowser();
    const code = new URL(await attacker.approve(await attacker.begin(), 'ann')).searchParams.get('code')!;
    const victim = createBrowser();
    const callback = new URL(await victim.approve(await victim.begin(), 'bob'));
    callback.searchParams.set('code', code);
    expect(refusedAs(await victim.go(callback.href))).toBe('provider_refused');
    expect((await victim.me()).status).toBe(401);
  });

  test('a code asked for with another nonce, although PKCE and state fit', async () => {
    const victim = createBrowser();
    const address = new URL(await victim.begin());
    address.searchParams.set('nonce', 'chosen-by-somebody-else');
    const callback = await victim.approve(address.href, 'ann');
    expect(refusedAs(await victim.go(callback))).toBe('provider_refused');
    expect(inspect(h.logged, { depth: 9 })).toContain("claim: 'nonce'");
    expect((await victim.me()).status).toBe(401);
  });

  test('an answer after ten minutes', async () => {
    const browser = createBrowser();
    const callback = await browser.approve(await browser.begin(), 'ann');
    h.clock.set(h.clock.nowUs() + 600e6);
    expect(refusedAs(await browser.go(callback))).toBe('expired');
  });

  test('an ID token that has expired by more than clocks may differ', async () => {
    // Good for a second, and a minute and a half on its way.
    const IdToken = (): number => {
      setImmediate(() => vi.setSystemTime(Date.now() + 90_000));
      return 1;
    };
    const late = { ttl: { IdToken } };
    for (const [clockSkewMs, wanted] of [
      [60_000, '/login?refused=provider_refused'],
      [120_000, '/'],
    ] as const) {
      await h.close();
      await server.close();
      vi.useFakeTimers({ toFake: ['Date'] });
      await start((config) => void (config.auth.oidc.clockSkewMs = clockSkewMs), late);
      expect((await createBrowser().signIn('ann')).headers.get('location')).toBe(wanted);
      vi.useRealTimers();
    }
  });

  test('addresses that would lead elsewhere', async () => {
    const ways = [
      '//evil.example',
      '/\\evil.example',
      'https://evil.example/',
      '\\\\evil',
      'javascript:alert(1)',
      '/a\r\nb',
    ];
    for (const next of [...ways, '/\t/evil.example', '', 'logs', '/订单', '/%0d%0a\u2028'])
      expect(localPath(next)).toBe('/');
    for (const next of ['/a//b?next=//c', '/logs?query=a%20b#x', '/']) expect(localPath(next)).toBe(next);
    for (const next of ways.slice(0, 2))
      expect((await createBrowser().signIn('ann', next)).headers.get('location')).toBe('/');
  });

  test('a person who said no at the provider', async () => {
    const browser = createBrowser();
    expect(refusedAs(await browser.go(await browser.approve(await browser.begin(), null)))).toBe('denied');
  });

  test('a name that belongs to a local user, or to another person of the provider', async () => {
    await h.send('POST', '/api/v1/users', { name: 'ANN', password: PASSWORD, role: 'admin' });
    expect(refusedAs(await createBrowser().signIn('ann'))).toBe('name_taken');
    await createBrowser().signIn('bob');
    server.accounts.set('bob2', account('Bob', ['ops']));
    expect(refusedAs(await createBrowser().signIn('bob2'))).toBe('name_taken');
    await h.send('DELETE', '/api/v1/users/bob');
    const other = createBrowser();
    await other.signIn('bob2');
    expect((await other.me()).json).toMatchObject({ name: 'Bob', role: 'admin' });
    // The former bob comes back, is another person, and gets nothing of this one's.
    expect(refusedAs(await createBrowser().signIn('bob'))).toBe('name_taken');
  });

  test('a new name at the provider is no new person', async () => {
    await createBrowser().signIn('bob');
    server.accounts.set('bob', account('robert', ['shop-team']));
    const browser = createBrowser();
    await browser.signIn('bob');
    expect((await browser.me()).json.name).toBe('bob');
    expect((await h.get('/api/v1/users')).json.items).toHaveLength(1);
  });

  test('a password, or rights given here, for somebody of the provider', async () => {
    const browser = createBrowser();
    await browser.signIn('bob');
    for (const password of ['', PASSWORD])
      expect((await h.send('POST', '/api/v1/login', { name: 'bob', password }, {})).status).toBe(401);
    for (const change of [{ password: PASSWORD }, { role: 'admin' }, { scopes: [] }])
      expect((await h.send('PATCH', '/api/v1/users/bob', change)).json.error.code).toBe('bad_request');
    const cookie = `fleetlog=${browser.jars.get(home)!.get('fleetlog')}`;
    const own = await h.send('POST', '/api/v1/me/password', { old: '', password: PASSWORD }, { cookie });
    expect(own.status).toBeGreaterThanOrEqual(400);
    expect((await h.send('POST', '/api/v1/login', { name: 'bob', password: PASSWORD }, {})).status).toBe(401);
  });

  test('an issuer that others could overhear', async () => {
    await h.close();
    for (const issuer of ['http://login.example', 'ftp://localhost/', 'nothing'])
      await expect(
        startHarness({
          config: (config) => {
            config.auth.mode = 'oidc';
            config.auth.oidc.issuer = issuer;
          },
        }),
      ).rejects.toMatchObject({ code: 'bad_config' });
    await server.close();
    await start();
  });

  test('more starts a minute than people make', async () => {
    await h.close();
    await server.close();
    await start((config) => void (config.auth.loginsPerMinute = 1));
    const browser = createBrowser();
    for (let i = 0; i < 10; i++) await browser.begin();
    const refused = await browser.go(`${home}/api/v1/oidc/login`);
    expect(refusedAs(refused)).toBe('too_many');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});

test('whoever comes under another name than the public one is led there first', async () => {
  const elsewhere = home.replace('127.0.0.1', 'localhost');
  const browser = createBrowser();
  const first = await browser.go(`${elsewhere}/api/v1/oidc/login?next=%2Flogs`);
  expect(first.headers.get('location')).toBe(`${home}/api/v1/oidc/login?here=1&next=%2Flogs`);
  expect((await browser.go(first.headers.get('location')!)).headers.get('location')).toContain(`${server.issuer}/auth`);
});
