import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Source } from '../../model/source.ts';
import { findChromium } from '../servers/chromium.ts';
import { linesBatch, source } from '../suites/batches.ts';
import { openPage, type Running, startBrowser, startProductWithPage } from './browser-harness.ts';
import { startCollecting } from './browser-logs-fleet.ts';
import { CONTROLS, hostilePayloads, type Payload, xssPayloads } from './browser-payloads.ts';

/** Log text and names are written by strangers. Whatever they write is shown as text, exactly, and does nothing (reliability S15, S16). */
const executable = await findChromium();
const WITHIN = { timeout: 60_000, interval: 200 };
const PAYLOADS = xssPayloads();
const INVISIBLE = [
  'bidi \u202Egnp.exe\u202C end',
  'zero\u200Bwidth',
  'bell\u0007 osc \u001b]8;;http://evil\u0007x',
  'del\u007f c1\u009b',
];

describe.skipIf(executable === null)('hostile text', () => {
  let product: Running;
  let browser: Browser;
  beforeAll(async () => {
    product = await startProductWithPage('hostile', (config) => {
      config.auth.mode = 'none';
    });
    for (const [n, payload] of PAYLOADS.entries()) product.write({ app: payload, slot: n + 1 }, [`#${n} ${payload}`]);
    for (const [n, text] of INVISIBLE.entries()) product.write({ app: 'hidden', slot: n + 1 }, [`@${n} ${text}`]);
    product.write(
      { app: 'controls' },
      CONTROLS.map(([char], n) => `=${n} a${char}b`),
    );
    browser = await startBrowser(executable!);
  });
  afterAll(async () => {
    await browser?.close();
    await product?.close();
  });

  test('there are 300 payloads, and every hidden character', () => {
    expect(new Set(PAYLOADS).size).toBe(200);
    expect(new Set(hostilePayloads().map(({ text }) => text)).size).toBe(300);
    expect(CONTROLS.length + INVISIBLE.length).toBeGreaterThanOrEqual(85);
  });

  test('as messages, names, fields, queries and filters: no dialog, no violation, every character as written', {
    timeout: 240_000,
  }, async () => {
    const { page, faults, close } = await openPage(browser, product.fleetlog.url);
    page.setDefaultTimeout(WITHIN.timeout);
    await page.addInitScript(() => {
      Object.assign(window, { violations: [] as string[] });
      document.addEventListener('securitypolicyviolation', (event) =>
        (window as unknown as { violations: string[] }).violations.push(
          `${event.violatedDirective} ${event.sourceFile}`,
        ),
      );
    });
    const quiet = async () => {
      expect(await page.evaluate(() => (window as unknown as { violations: string[] }).violations)).toEqual([]);
      expect(faults).toEqual([]);
    };
    const grid = page.getByRole('grid', { name: 'Log lines' });

    await page.goto('/logs?wrap=1');
    await expect
      .poll(async () => {
        await page.keyboard.press('r');
        return (await page.getByLabel('Lines over time').innerText()).split('\n')[0];
      }, WITHIN)
      .toBe(`${PAYLOADS.length + INVISIBLE.length + CONTROLS.length} lines`);

    // Rows come and go with scrolling; what is collected on the way down is every line there is.
    const seen = new Map<string, string>();
    for (let from = 0; seen.size < PAYLOADS.length && from < 40; from += 1) {
      for (const text of await grid.locator('[role="row"] [role="gridcell"]:nth-child(5)').allTextContents()) {
        const id = /^#(\d+) /.exec(text)?.[1];
        if (id !== undefined) seen.set(id, text.slice(id.length + 2));
      }
      await grid.evaluate((element) => element.scrollBy(0, 400));
      await page.waitForFunction(
        () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true)))),
      );
    }
    expect(seen.size).toBe(PAYLOADS.length);
    for (const [id, text] of seen) expect(text).toBe(PAYLOADS[Number(id)]);
    await quiet();

    // Every payload as a filter value, and one opened as a line with fields, context and link.
    const filters = page.getByRole('complementary', { name: 'Filters' });
    await filters
      .getByRole('button', { name: /^\d+ more/ })
      .first()
      .click();
    const names = await filters
      .locator('button[aria-pressed]')
      .evaluateAll((all) => all.map((one) => one.getAttribute('title')));
    for (const payload of PAYLOADS.slice(0, 20))
      expect(names.filter((name) => name !== null && name.length > 0)).toContain(payload);
    await grid.evaluate((element) => element.scrollTo(0, 0));
    // Out of the field that searches the values.
    await page.keyboard.press('Escape');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.getByRole('region', { name: 'Details' }).getByRole('row', { name: /^app/ }).waitFor();
    await page.keyboard.press('c');
    await page.getByRole('complementary', { name: 'Context' }).waitFor();
    await page.keyboard.press('Escape');
    await quiet();

    // As series, templates, columns, fields and values of other addresses, and as the name of a view.
    const odd = encodeURIComponent(PAYLOADS[3]);
    for (const path of [
      '/logs?by=app&compare=1',
      '/logs?tab=patterns',
      '/logs?tab=explain&brushFrom=now-10m&brushTo=now',
      `/logs?col=${odd}&facet=${odd}&pretty=1&repeats=1&find=${odd}&tab=${odd}&by=${odd}&baseFrom=${odd}&baseTo=${odd}`,
    ]) {
      await page.goto(path);
      await page.getByLabel('Lines over time').getByText('lines').first().waitFor();
      await page.waitForLoadState('networkidle');
      await quiet();
    }
    for (const payload of PAYLOADS.slice(0, 5))
      await page.request.post('/api/v1/views', {
        data: { name: payload, query: payload, params: { col: payload }, shared: true },
        headers: { origin: product.fleetlog.url },
      });
    await page.goto('/logs');
    await page.getByRole('button', { name: 'Saved views' }).click();
    await expect
      .poll(() => page.getByRole('region', { name: 'My views' }).getByRole('button').count(), WITHIN)
      .toBe(10);
    await quiet();

    // As the query itself, by address and typed, and as everything else an address holds.
    for (const payload of PAYLOADS.filter((_, n) => n % 20 === 0)) {
      const value = encodeURIComponent(payload);
      await page.goto(`/logs?query=${value}&from=${value}&zone=${value}&open=${value}&context=${value}`);
      expect(await page.getByRole('textbox', { name: 'Query' }).inputValue()).toBe(payload);
      await quiet();
    }
    for (const path of ['/containers', '/ledger', '/settings']) {
      await page.goto(path);
      await page.getByRole('heading').first().waitFor();
      if (path === '/containers')
        await expect.poll(() => page.getByRole('row').count(), WITHIN).toBeGreaterThan(PAYLOADS.length);
      await quiet();
    }
    await page.goto('/login?next=javascript:alert(1)');
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await quiet();
    await close();
  });

  test('control characters, bidi overrides and zero-width characters are shown as escapes', async () => {
    const { page, faults, close } = await openPage(browser, product.fleetlog.url);
    page.setDefaultTimeout(WITHIN.timeout);
    await page.goto('/logs?query=app:hidden');
    const shown = page.getByRole('grid').getByRole('row');
    await shown.nth(INVISIBLE.length - 1).waitFor();
    const text = (await shown.allInnerTexts()).join('\n');
    for (const expected of [
      'bidi \\u202egnp.exe\\u202c end',
      'zero\\u200bwidth',
      'bell\\x07 osc \\e]8;;http://evil\\x07x',
      'del\\x7f c1\\x9b',
    ]) {
      expect(text).toContain(expected);
    }
    await page.goto('/logs?query=app:controls&order=asc');
    const seen = new Map<number, string>();
    const grid = page.getByRole('grid', { name: 'Log lines' });
    await grid.getByRole('row').first().waitFor();
    for (let tries = 0; seen.size < CONTROLS.length && tries < 40; tries += 1) {
      for (const line of await grid.locator('[role="gridcell"][data-words]').allTextContents()) {
        const found = /^=(\d+) (.*)$/s.exec(line);
        if (found !== null) seen.set(Number(found[1]), found[2]);
      }
      await grid.evaluate((element) => element.scrollBy(0, 300));
      await page.waitForFunction(
        () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true)))),
      );
    }
    expect([...seen].sort(([a], [b]) => a - b).map(([, shown]) => shown)).toEqual(
      CONTROLS.map(([, shown]) => `a${shown}b`),
    );
    expect(text).not.toMatch(/[\u0007\u001b\u007f\u009b\u200b\u202c\u202e]/);
    expect(faults).toEqual([]);
    await close();
  });
});

describe.skipIf(executable === null)('300 hostile texts in every place a stranger can write', () => {
  const ALL = hostilePayloads();
  let product: Running;
  let browser: Browser;
  beforeAll(async () => {
    product = await startProductWithPage('hostile-places', (config) => {
      config.auth.mode = 'none';
    });
    const collect = await startCollecting(product.fleetlog.url);
    const from = (Date.now() - 600_000) * 1000;
    const batch = (n: number, place: Partial<Source>, messages: string[]) =>
      collect(
        linesBatch({
          source: source({ host: 'browser-host', env: 'evil', ...place }),
          fid: n.toString(16).padStart(32, '0'),
          messages,
          times: messages.map((_, row) => from + n * 1000 + row),
        }),
      );
    for (const [n, { text }] of ALL.entries())
      await batch(n + 1, { app: text, path: `/logs/${text}.log`, instance: text }, [`#${n} ${text}`]);
    const json = (fields: object) => JSON.stringify(fields);
    await batch(
      900,
      { app: 'values' },
      ALL.map(({ text }, n) => json({ n, evil: text })),
    );
    const half = ALL.length / 2;
    const names = (some: Payload[], first: number) =>
      json(Object.fromEntries(some.map(({ text }, n) => [text, `v${first + n}`])));
    await batch(901, { app: 'names' }, [names(ALL.slice(0, half), 0), names(ALL.slice(half), half)]);
    browser = await startBrowser(executable!);
  });
  afterAll(async () => {
    await browser?.close();
    await product?.close();
  });

  /** The page, and a look at whether anything but text came of it. */
  async function watch() {
    const { page, faults, close } = await openPage(browser, product.fleetlog.url);
    page.setDefaultTimeout(WITHIN.timeout);
    await page.addInitScript(() => {
      Object.assign(window, { violations: [] as string[] });
      document.addEventListener('securitypolicyviolation', (event) =>
        (window as unknown as { violations: string[] }).violations.push(event.violatedDirective),
      );
    });
    const end = async () => {
      expect(await page.evaluate(() => (window as unknown as { violations: string[] }).violations)).toEqual([]);
      expect(faults).toEqual([]);
      await close();
    };
    return { page, end };
  }

  /** Texts of every row's cells on the way down, by the number the row begins with. */
  async function cellsOfAll(page: Page, path: string, number: (cells: string[]) => string | undefined) {
    await page.goto(path);
    const grid = page.getByRole('grid', { name: 'Log lines' });
    await grid.getByRole('row').first().waitFor();
    const seen = new Map<string, string[]>();
    for (let tries = 0; seen.size < ALL.length && tries < 80; tries += 1) {
      const rows = await grid
        .locator('[role="row"]')
        .evaluateAll((all) =>
          all.map((row) => Array.from(row.querySelectorAll('[role="gridcell"]'), (cell) => cell.textContent ?? '')),
        );
      for (const cells of rows) {
        const n = number(cells);
        if (n !== undefined) seen.set(n, cells);
      }
      await grid.evaluate((element) => element.scrollBy(0, 400));
      await page.waitForFunction(
        () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true)))),
      );
    }
    expect(seen.size).toBe(ALL.length);
    return (n: number) => seen.get(String(n))!;
  }

  test('as message, app, instance and file name, in rows', { timeout: 240_000 }, async () => {
    const { page, end } = await watch();
    const path = '/logs?query=env:evil -app:(values OR names)&col=app&col=path&col=instance&wrap=1';
    const cells = await cellsOfAll(page, path, (all) => /^#(\d+) /.exec(all[5] ?? '')?.[1]);
    for (const [n, { shown }] of ALL.entries()) {
      const [, , app, file, , message] = cells(n);
      expect([app, file, message]).toEqual([shown, `/logs/${shown}.log`, `#${n} ${shown}`]);
    }
    await end();
  });

  test('as values of a field, in a column', { timeout: 240_000 }, async () => {
    const { page, end } = await watch();
    const path = '/logs?query=app:values&col=n&col=evil';
    const cells = await cellsOfAll(page, path, (all) => /^\d+$/.exec(all[2] ?? '')?.[0]);
    for (const [n, { shown }] of ALL.entries()) expect(cells(n)[3]).toBe(shown);
    await end();
  });

  test('as names of fields, in an open line, among the columns and in what is offered', {
    timeout: 240_000,
  }, async () => {
    const { page, end } = await watch();
    // Keys are kept to 128 characters; the escape stands for one.
    const kept = ALL.map(({ text, shown }) => (text === shown ? Array.from(text).slice(0, 128).join('') : shown));
    const named = new Map<string, string>();
    for (const value of ['v0', `v${ALL.length / 2}`]) {
      await page.goto(`/logs?query=app:names ${value}`);
      await page.getByRole('grid', { name: 'Log lines' }).getByRole('row').first().waitFor();
      await page.keyboard.press('j');
      await page.keyboard.press('Enter');
      const details = page.getByRole('region', { name: 'Details' });
      await details
        .getByRole('row')
        .nth(ALL.length / 2)
        .waitFor();
      for (const [name, shown] of await details
        .locator('tr')
        .evaluateAll((all) =>
          all.map((row) => [row.querySelector('th')?.textContent, row.querySelector('td')?.textContent]),
        ))
        if (/^v\d+$/.test(shown ?? '')) named.set(shown!, name!);
    }
    expect(named.size).toBe(ALL.length);
    for (const [n, name] of kept.entries()) expect(named.get(`v${n}`)).toBe(name);
    await page.getByRole('button', { name: 'Columns' }).click();
    const panel = page.getByRole('dialog', { name: 'Columns' });
    await expect.poll(() => panel.getByRole('checkbox').count(), WITHIN).toBeGreaterThan(40);
    await page.keyboard.press('Escape');
    await page.getByRole('combobox', { name: 'Add a field' }).focus();
    const offered = () => page.locator('datalist option').count();
    await expect.poll(offered, WITHIN).toBeGreaterThan(50);
    await page.getByRole('textbox', { name: 'Query' }).fill('app:names inv');
    await page
      .getByRole('option', { name: /^invoice\\/ })
      .first()
      .waitFor();
    await page.keyboard.press('Tab');
    expect(await page.getByRole('textbox', { name: 'Query' }).inputValue()).toMatch(/^app:names @"invoice/);
    await end();
  });
});
