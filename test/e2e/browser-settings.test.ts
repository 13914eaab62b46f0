import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { RetentionAnswer } from '../../api/contract.ts';
import { findChromium } from '../servers/chromium.ts';
import { until } from '../suites/api-harness.ts';
import { openPage, type Running, startBrowser, startProductWithPage, type Watched } from './browser-harness.ts';

/** The sections of the settings over the real product: what an admin does there, what a reader sees, and everybody can use. */
const executable = await findChromium();
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const PASSWORD = 'blue horse 77 sky';
const WITHIN = { timeout: 20_000, interval: 100 };
const SECTIONS = ['', '/users', '/tokens', '/retention', '/sources', '/redaction', '/audit'];

describe.skipIf(executable === null)('settings', () => {
  let product: Running;
  let browser: Browser;
  let watched: Watched;
  let page: Page;
  let secret: string;

  const api = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await fetch(`${product.fleetlog.url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${secret}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    return text === '' ? null : JSON.parse(text);
  };
  async function signIn(name: string, path: string): Promise<Watched> {
    const opened = await openPage(browser, product.fleetlog.url);
    opened.page.setDefaultTimeout(WITHIN.timeout);
    await opened.page.goto(`/login?next=${encodeURIComponent(path)}`);
    await opened.page.getByLabel('Name').fill(name);
    await opened.page.getByLabel('Password').fill(PASSWORD);
    await opened.page.getByRole('button', { name: 'Sign in' }).click();
    await opened.page.waitForURL(`**${path}`);
    return opened;
  }
  /** Records of the classes `brief` and `default`: lines, and events of the containers. */
  const held = async (): Promise<number[]> => {
    const { items } = (await api('GET', '/retention')) as RetentionAnswer;
    return items.map(({ records }) => records);
  };
  const row = (name: string | RegExp) => page.getByRole('row', { name });
  const remember = (change: object) =>
    page.evaluate((kept) => localStorage.setItem('fleetlog.preferences', JSON.stringify(kept)), change);

  beforeAll(async () => {
    product = await startProductWithPage('browser-settings', (config) => {
      config.retention.classes = [{ name: 'brief', app: 'job-*', env: '*', days: 3, bytes: 0 }];
    });
    secret = readFileSync(join(product.dir, 'data/cli-token'), 'utf8').trim();
    const token = product.fleetlog.setupUrl?.split('#')[1];
    await api('POST', '/setup', { token, name: 'lin', password: PASSWORD });
    await api('POST', '/users', { name: 'rui', password: PASSWORD, scopes: [{ app: 'shop-*', env: 'prod' }] });
    product.write({ app: 'shop-order' }, ['INFO one', 'WARN password=hunter2 secret=hunter3']);
    product.write({ app: 'job-night' }, ['INFO a', 'INFO b', 'INFO c']);
    browser = await startBrowser(executable!);
    watched = await signIn('lin', '/settings');
    page = watched.page;
    await until(held, ([brief, rest]) => brief >= 3 && rest >= 2, 60_000);
  });
  afterAll(async () => {
    await browser?.close();
    await product?.close();
  });
  afterEach(() => expect(watched.faults).toEqual([]));

  test('sections have addresses, a list at the side and on a phone a choice', async () => {
    await page.goto('/settings');
    const list = page.getByRole('navigation', { name: 'Sections' });
    await list.getByRole('link', { name: 'Retention' }).click();
    await page.waitForURL('**/settings/retention');
    await page.getByRole('heading', { name: 'Retention' }).waitFor();
    await page.goto('/settings/nothing');
    await page.waitForURL(/\/settings$/);
    await page.setViewportSize({ width: 390, height: 844 });
    await page.getByLabel('Sections').last().selectOption('Audit');
    await page.waitForURL('**/settings/audit');
    expect(await list.isVisible()).toBe(false);
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  test('a person is added with a scope said in words, changed, locked out and removed', async () => {
    await page.goto('/settings/users');
    await page.getByRole('button', { name: 'Add user' }).click();
    const form = page.getByRole('form', { name: 'Add user' });
    await form.getByLabel('Name').fill('mei');
    await form.getByLabel('Password').fill(PASSWORD);
    await form.getByLabel('Apps').fill('shop-*');
    await form.getByLabel('Envs').fill('prod');
    await form.getByText('Sees apps that begin with shop- in env prod. Right now 1 app: shop-order.').waitFor();
    await form.getByRole('button', { name: 'Add another part' }).click();
    await form.getByLabel('Apps').last().fill('nothing');
    await form.getByText('begin with shop- in env prod; app nothing.').waitFor();
    await form.getByRole('button', { name: 'Add user' }).click();
    await row(/^mei reader apps that begin with shop-/).waitFor();

    await page.getByRole('button', { name: 'Change mei' }).click();
    const change = page.getByRole('form', { name: 'Change mei' });
    await change.getByLabel('Role').selectOption({ label: 'admin: everything, users and tokens' });
    await change.getByLabel('New password').fill('short');
    await change.getByRole('button', { name: 'Save' }).click();
    await change.getByRole('alert').getByText('at least 10 characters').waitFor();
    await change.getByLabel('New password').fill(`${PASSWORD} again`);
    await change.getByLabel('May sign in').selectOption({ label: 'no: sessions and tokens end at once' });
    await change.getByRole('button', { name: 'Save' }).click();
    await row(/^mei disabled admin everything/).waitFor();
    expect(
      ((await api('POST', '/login', { name: 'mei', password: PASSWORD })) as { error: object }).error,
    ).toBeDefined();

    const remove = page.getByRole('button', { name: 'Remove mei' });
    await remove.click();
    await remove.click();
    await expect.poll(() => row(/^mei/).count(), WITHIN).toBe(0);
    // Nobody locks themselves out by mistake.
    expect(await page.getByRole('button', { name: 'Remove lin' }).count()).toBe(0);
  });

  test('a token for a collector names its host; its secret can be copied and is shown once', async () => {
    await page.goto('/settings/tokens');
    await page.getByRole('button', { name: 'Add token' }).click();
    const form = page.getByRole('form', { name: 'Add token' });
    await form.getByLabel('Name').fill('bj-h03');
    await form.getByLabel('Role').selectOption({ label: 'collector: writes lines of one host' });
    await form.getByLabel('Host it may write').fill('bj-h03');
    await form.getByLabel('Days until it expires').fill('30');
    await form.getByRole('button', { name: 'Add token' }).click();
    const shown = page.getByRole('status').filter({ hasText: 'shown only now' });
    const text = await shown.locator('code').innerText();
    await shown.getByRole('button', { name: 'Copy' }).click();
    await expect.poll(() => page.evaluate(() => navigator.clipboard.readText()), WITHIN).toBe(text);
    await row(/^bj-h03 by lin collector lines of host bj-h03/).waitFor();
    await page.reload();
    await row(/^bj-h03/).waitFor();
    expect(await page.content()).not.toContain(text);
  });

  test('retention classes tell their rule, what they hold and when the first of it goes', async () => {
    await page.goto('/settings/retention');
    const [brief, rest] = await held();
    await row(new RegExp(`^brief apps that begin with job- 3 days ${brief} `)).waitFor();
    await row(new RegExp(`^default all others 30 days ${rest} `)).waitFor();
    const goes = await row(/^brief/)
      .locator('time')
      .nth(2)
      .getAttribute('datetime');
    const days = (Date.parse(goes ?? '') - Date.now()) / 86_400_000;
    expect(Math.ceil(days)).toBe(3);
    await page.getByText('All classes together may hold 80 % of the disk').waitFor();
  });

  test('sources tell which rule named them and what would change that', async () => {
    await page.goto('/settings/sources');
    await row(/^shop-order \/ prod/)
      .getByText('label fleetlog.app')
      .waitFor();
    await page.getByRole('searchbox').fill('job-night');
    await expect.poll(() => row(/^shop-order/).count(), WITHIN).toBe(0);
    await row(/^job-night/)
      .getByRole('button', { name: /^How to change the names of/ })
      .click();
    await page.getByText('fleetlog.app: job-night').waitFor();
    await page.getByText('In docker-compose.yml:').waitFor();
  });

  test('redactions are counted by rule in lines and places; what was found is nowhere', async () => {
    await page.goto('/settings/redaction');
    await row(/^password values after .* on 1 2$/).waitFor();
    await row(/^card payment card numbers off – –$/).waitFor();
    await row(/^browser-host .* 2$/).waitFor();
    expect(await page.content()).not.toContain('hunter');
  });

  test('the audit log is filtered, paged, marked where something was refused, and checked', async () => {
    const { secret: reader } = (await api('POST', '/tokens', { name: 'eve', role: 'reader' })) as { secret: string };
    await fetch(`${product.fleetlog.url}/api/v1/users`, { headers: { authorization: `Bearer ${reader}` } });
    for (let n = 0; n < 101; n++) await api('POST', '/views', { name: `v${n}`, query: 'x' });
    await page.goto('/settings/audit');
    await page.getByLabel('What').fill('view.create');
    await page.getByRole('button', { name: 'Filter' }).click();
    await page.waitForURL(/what=view\.create/);
    await expect.poll(() => row(/view\.create/).count(), WITHIN).toBe(100);
    await page.getByRole('button', { name: 'Older entries' }).click();
    await page.getByText('101 entries; nothing older matches.').waitFor();
    await page.goto('/settings/audit?who=token:*&outcome=refused');
    await row(/refused GET \/api\/v1\/users/).waitFor();
    expect(await row(/done/).count()).toBe(0);
    await page.getByText("fleetlog audit --since 3650d --actor 'token:*'").waitFor();
    await page.getByRole('button', { name: 'Check the chain' }).click();
    await page.getByText(/^Intact: \d+ entries, each as it was written/).waitFor();
  });

  test('a reader sees their own: no users, no figures over all apps, and a sentence that says so', async () => {
    const reader = await signIn('rui', '/settings/users');
    try {
      await reader.page.getByText('Only an admin who may read everything sees this.').waitFor();
      const links = reader.page.getByRole('navigation', { name: 'Sections' }).getByRole('link');
      expect(await links.allInnerTexts()).toEqual(['You and this browser', 'Tokens', 'Sources']);
      await links.getByText('Tokens').click();
      await reader.page.getByText('Your own tokens, for scripts').waitFor();
      await reader.page.getByText('No tokens yet.').waitFor();
      await links.getByText('Sources').click();
      await reader.page.getByRole('row', { name: /^shop-order/ }).waitFor();
      expect(await reader.page.getByRole('row', { name: /job-night/ }).count()).toBe(0);
      expect(reader.faults).toEqual([]);
    } finally {
      await reader.close();
    }
  });

  test('every section speaks Chinese and fits a phone', async () => {
    await remember({ theme: 'light', language: 'zh' });
    await page.setViewportSize({ width: 390, height: 844 });
    for (const [section, title] of [
      ['/users', '用户'],
      ['/tokens', '令牌'],
      ['/retention', '保留'],
      ['/sources', '来源'],
      ['/redaction', '脱敏'],
      ['/audit', '审计'],
    ]) {
      await page.goto(`/settings${section}`);
      await page.getByRole('heading', { name: title, exact: true }).waitFor();
      await page.getByRole('table').first().waitFor();
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    }
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.goto('/settings/retention');
    await row(/^brief 以 job- 开头的应用 3 天 \d+ /).waitFor();
    await remember({ theme: 'light', language: 'en' });
  });

  test('axe finds nothing in any section, in both themes and on a phone', async () => {
    const bad: string[] = [];
    for (const theme of ['light', 'dark'])
      for (const width of [1280, 390]) {
        await remember({ theme, language: 'en' });
        await page.setViewportSize({ width, height: 844 });
        for (const section of SECTIONS) {
          await page.goto(`/settings${section}`);
          await page.getByRole('heading', { level: 2 }).waitFor();
          await page.waitForLoadState('networkidle');
          if (section === '/users') await page.getByRole('button', { name: 'Change rui' }).click();
          if (section === '/sources')
            await page
              .getByRole('button', { name: /^How to change/ })
              .first()
              .click();
          for (const one of await violations()) bad.push(`${theme} ${width} ${section}: ${one}`);
        }
      }
    await page.setViewportSize({ width: 1280, height: 800 });
    expect(bad).toEqual([]);
  });

  interface Violation {
    id: string;
    nodes: { html: string; failureSummary: string }[];
  }
  async function violations(): Promise<string[]> {
    // Injected as code of the test: the page's policy forbids inline scripts, and stays as it is.
    await page.evaluate(AXE);
    const found = await page.evaluate(async () => {
      const { axe } = window as unknown as { axe: { run(options: object): Promise<{ violations: Violation[] }> } };
      return (await axe.run({ resultTypes: ['violations'] })).violations;
    });
    return found.map(
      ({ id, nodes }) =>
        `${id} ×${nodes.length}: ${nodes[0].html.slice(0, 160)} | ${nodes[0].failureSummary.slice(0, 200)}`,
    );
  }
});
