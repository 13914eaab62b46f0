import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { findChromium } from '../servers/chromium.ts';
import { openPage, type Running, startBrowser, startProductWithPage, type Watched } from './browser-harness.ts';

/** The built dashboard over the real API and store in real Chromium, found by role and label as a person would. */
const executable = await findChromium();
const WITHIN = { timeout: 20_000, interval: 100 };
const PASSWORD = 'a long enough passphrase';
const TRACE = [
  '2026-11-21 10:24:57.961 ERROR [main] c.f.order.PayService 创建订单失败 原因=支付超时',
  'java.util.concurrent.TimeoutException: pay.timeout after 3000 ms',
  ...Array.from({ length: 30 }, (_, i) => `\tat org.springframework.aop.Proxy.proceed(Proxy.java:${i})`),
  'Caused by: java.net.SocketTimeoutException: Read timed out',
];

describe.skipIf(executable === null)('the Logs page', () => {
  let product: Running;
  let browser: Browser;
  let watched: Watched;
  let page: Page;
  beforeAll(async () => {
    product = await startProductWithPage('browser');
    browser = await startBrowser(executable!);
    watched = await openPage(browser, product.fleetlog.url);
    page = watched.page;
    page.setDefaultTimeout(WITHIN.timeout);
  });
  afterAll(async () => {
    await browser?.close();
    await product?.close();
  });
  afterEach(() => expect(watched.faults).toEqual([]));

  const rows = () => page.getByRole('grid', { name: 'Log lines' }).getByRole('row');
  const query = () => page.getByRole('textbox', { name: 'Query' });
  const run = async (text: string) => {
    await query().fill(text);
    await query().press('Enter');
  };
  /** Runs, waits for the count, and leaves the field, so that keys are keys again. */
  const find = async (text: string, lines: string) => {
    await run(text);
    await expect.poll(total, WITHIN).toBe(lines);
    await query().press('Escape');
  };
  /** Pairs of neighbouring rows of which one covers the other, or that leave a hole between them. */
  const overlaps = async () => {
    const boxes = await rows().evaluateAll((all) =>
      all.map((row) => row.getBoundingClientRect()).sort((a, b) => a.top - b.top),
    );
    expect(boxes.length).toBeGreaterThan(3);
    return boxes
      .slice(1)
      .flatMap((box, n) => (Math.abs(box.top - boxes[n].bottom) > 1.5 ? [[boxes[n].bottom, box.top]] : []));
  };
  const total = async () => (await page.getByLabel('Lines over time').innerText()).split('\n')[0];

  test('asks a stranger to sign in, refuses a bad setup link, makes the first user with the good one', async () => {
    await page.goto('/logs?query=x');
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(new URL(page.url()).searchParams.get('next')).toBe('/logs?query=x');

    await page.goto('/setup#wrong');
    const fill = async () => {
      await page.getByLabel('Name').fill('lin.wei');
      await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
      await page.getByLabel('Password again').fill(PASSWORD);
      await page.getByRole('button', { name: 'Create and sign in' }).click();
    };
    await fill();
    await page.getByRole('alert').waitFor();
    await page.goto('about:blank');
    await page.goto(product.fleetlog.setupUrl!);
    await fill();
    await page.waitForURL('**/logs');
  });

  test('explains the first run, and shows the first line by itself', async () => {
    await page.getByRole('heading', { name: 'No containers yet' }).waitFor();
    await page.getByText('npx fleetlog docker-proxy').waitFor();
    await page.getByText('fleetlog demo').waitFor();
    const lines = Array.from({ length: 300 }, (_, n) => `INFO request ${n} took=${n}ms 收到支付请求 channel=ALIPAY`);
    product.write({ app: 'shop-pay' }, lines, Date.now() - 300_000);
    product.write({ app: 'shop-order', slot: 2 }, TRACE, Date.now() - 60_000);
    product.write({ app: 'gateway', env: 'staging' }, [
      'WARN {"msg":"slow"} upstream',
      '{"level":"warn","msg":"upstream slow","status":504,"user":{"id":7}}',
    ]);
    await rows().first().waitFor();
    await expect
      .poll(async () => {
        await page.keyboard.press('r');
        return total();
      }, WITHIN)
      .toBe('303 lines');
    await page.getByText(/Complete up to/).waitFor();
  });

  test('signs out and in again, with words for a wrong password', async () => {
    await page.goto('/settings');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Name').fill('lin.wei');
    await page.getByLabel('Password').fill('not the password');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText('Name or password is wrong.').waitFor();
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL('**/logs');
    await rows().first().waitFor();
  });

  test('finds a Chinese phrase over joined lines, marks it, folds the trace and unfolds it', async () => {
    await page.keyboard.press('/');
    await page.keyboard.type('支付超时');
    await page.keyboard.press('Enter');
    await expect.poll(total, WITHIN).toBe('1 line');
    expect(await rows().locator('mark').allInnerTexts()).toEqual(['支付超时']);
    await page.getByRole('button', { name: '28 more lines' }).click();
    await page.getByText('Proxy.java:29').waitFor();
    await page.getByRole('button', { name: 'fold' }).click();
    await expect.poll(() => page.getByText('Proxy.java:29').count(), WITHIN).toBe(0);
    expect(new URL(page.url()).searchParams.get('query')).toBe('支付超时');
  });

  test('loads further lines while scrolling, to the very first', async () => {
    await find('app:shop-pay', '300 lines');
    await page.getByText('200 of 300 lines loaded').waitFor();
    await page.keyboard.press('G');
    await page.getByText('300 of 300 lines loaded').waitFor();
    await page.keyboard.press('G');
    await page.getByText('request 0 took=0ms').waitFor();
  });

  test('says where a query cannot be read, and mends it with one click', async () => {
    await run('(超时 OR');
    const note = page.getByRole('alert');
    await note.getByText('OR has nothing on its right').waitFor();
    await note.getByText('Character 5').waitFor();
    await note.getByRole('button', { name: 'Search as text' }).click();
    await expect.poll(() => query().inputValue(), WITHIN).toBe('"(超时 OR"');
  });

  test('does not run on the Enter that ends a composition, and takes full-width punctuation', async () => {
    await run('');
    await query().focus();
    const session = await page.context().newCDPSession(page);
    const before = page.url();
    await session.send('Input.imeSetComposition', { text: 'chaoshi', selectionStart: 7, selectionEnd: 7 });
    await session.send('Input.dispatchKeyEvent', {
      type: 'rawKeyDown',
      key: 'Enter',
      code: 'Enter',
      windowsVirtualKeyCode: 229,
    });
    expect(page.url()).toBe(before);
    await session.send('Input.insertText', { text: '超时' });
    expect(await query().inputValue()).toContain('超时');
    await run('app：shop-order （超时 OR “timed out”）');
    await expect.poll(total, WITHIN).toBe('1 line');
  });

  test('filters write readable text, and explain an empty result with a fix', async () => {
    await run('');
    const filters = page.getByRole('complementary', { name: 'Filters' });
    await filters.getByRole('button', { name: /^shop-order 1 line/ }).click();
    await expect.poll(() => query().inputValue(), WITHIN).toBe('app:shop-order');
    await filters.getByRole('button', { name: /^gateway \d/ }).click();
    await expect.poll(() => query().inputValue(), WITHIN).toBe('app:(shop-order OR gateway)');
    await expect.poll(total, WITHIN).toBe('3 lines');
    await filters.getByRole('button', { name: 'Exclude staging' }).click();
    await expect.poll(() => query().inputValue(), WITHIN).toBe('app:(shop-order OR gateway) -env:staging');

    await run('app:Shop-Order');
    await page.getByRole('heading', { name: 'No line matches in the last 1 h' }).waitFor();
    await page.getByRole('heading', { name: 'app:Shop-Order differs in case' }).waitFor();
    await query().press('Escape');
    await page.keyboard.press('1');
    await expect.poll(() => query().inputValue(), WITHIN).toBe('app:shop-order');
    await rows().first().waitFor();
  });

  test('opens a line: fields, JSON, include; its link finds it again', async () => {
    await find('app:gateway status:504', '1 line');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    const details = page.getByRole('region', { name: 'Details' });
    expect(await details.getByRole('row', { name: /^user\.id/ }).innerText()).toContain('7');
    await details
      .getByRole('row', { name: /^container/ })
      .getByText('box-')
      .waitFor();
    await details.getByRole('button', { name: 'Copy link' }).click();
    const link = await page.evaluate(() => navigator.clipboard.readText());
    expect(link).toContain('from=20');
    await page.keyboard.press('Escape');
    await expect.poll(() => details.count(), WITHIN).toBe(0);
    await run('');
    await page.goto(link);
    await page
      .getByRole('region', { name: 'Details' })
      .getByRole('row', { name: /^status/ })
      .getByText('504')
      .waitFor();
  });

  test('shows the lines around one, wider by file, app and host, and both ways', async () => {
    await find('app:shop-pay "request 150"', '1 line');
    await page.keyboard.press('j');
    await page.keyboard.press('c');
    const drawer = page.getByRole('complementary', { name: 'Context' });
    await drawer.getByText('request 149 ').waitFor();
    expect(await drawer.getByText(/^\+50$/).count()).toBe(1);
    await drawer.getByRole('button', { name: '50 earlier' }).click();
    await drawer.getByText(/^-100$/).waitFor();
    await drawer.getByRole('button', { name: 'Same host' }).click();
    await drawer.getByText('request 151 ').waitFor();
    expect(new URL(page.url()).searchParams.get('scope')).toBe('host');
    await page.keyboard.press('Escape');
    await expect.poll(() => drawer.count(), WITHIN).toBe(0);
  });

  test('a drag on the histogram narrows the rows; Esc lets go, z zooms, back undoes', async () => {
    await find('', '303 lines');
    // Wrapped and back: every row has its own height, and none covers another.
    await page.keyboard.press('w');
    await expect.poll(overlaps, WITHIN).toEqual([]);
    await page.keyboard.press('w');
    await expect.poll(overlaps, WITHIN).toEqual([]);
    const plot = page.getByRole('img', { name: /lines in \d+ bars/ });
    const box = (await plot.boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.8, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width - 1, box.y + 20, { steps: 4 });
    await page.mouse.up();
    const zoom = page.getByRole('button', { name: 'Zoom', exact: true });
    await zoom.waitFor();
    expect(await page.getByRole('slider').count()).toBe(3);
    await page.keyboard.press('Escape');
    await expect.poll(() => zoom.count(), WITHIN).toBe(0);
    await page.goBack();
    await zoom.waitFor();
    await page.keyboard.press('z');
    await expect.poll(() => zoom.count(), WITHIN).toBe(0);
    expect(new URL(page.url()).searchParams.get('from')).toMatch(/^20/);
    await expect.poll(() => page.getByRole('progressbar').count(), WITHIN).toBe(0);
    await page.keyboard.press('Escape');
    await zoom.waitFor();
  });

  test('live: new lines come by themselves, scrolling up pauses, nothing is lost by it', async () => {
    await run('app:shop-pay');
    await page.getByRole('button', { name: 'Live', exact: true }).click();
    const log = page.getByRole('log', { name: 'Log lines' });
    product.write({ app: 'shop-pay' }, ['INFO live one']);
    await log.getByText('live one').waitFor();
    const box = (await log.boundingBox())!;
    await page.mouse.move(box.x + 300, box.y + 200);
    await page.mouse.wheel(0, -600);
    await page.getByText(/^Paused at/).waitFor();
    product.write({ app: 'shop-pay' }, ['INFO live two', 'ERROR live three']);
    await page.getByRole('button', { name: /2 new.*1 error/s }).waitFor();
    expect(await log.getByText('live two').count()).toBe(0);
    await page.getByRole('button', { name: /2 new/ }).click();
    await log.getByText('live three').waitFor();
    await page.getByText(/waiting 0 \+ skipped 0 = written 203/).waitFor();
    await page.getByRole('button', { name: 'Stop live' }).click();
    await rows().first().waitFor();
  });

  test('containers and ledger list what was collected', async () => {
    await page.goto('/containers');
    await page.getByRole('row', { name: /shop-order.*running.*1\.4\.2/ }).waitFor();
    await page.goto('/ledger');
    await page.getByText('Every byte is accounted for.').waitFor();
    await page
      .getByRole('row', { name: /shop-pay/ })
      .first()
      .waitFor();
  });

  test('tokens are made and revoked, their secret is shown once', async () => {
    await page.goto('/settings/tokens');
    await page.getByRole('button', { name: 'Add token' }).click();
    await page.getByLabel('Name').last().fill('ci');
    await page.getByRole('button', { name: 'Add token' }).click();
    await page.getByText('The token, shown only now:').waitFor();
    const revoke = page.getByRole('button', { name: 'Revoke ci' });
    await revoke.click();
    await revoke.click();
    await expect.poll(() => revoke.count(), WITHIN).toBe(0);
  });

  test('speaks Chinese, in the dark, and remembers it', async () => {
    await page.goto('/settings');
    await page.getByRole('button', { name: '中文' }).click();
    await page.getByRole('button', { name: '深色' }).click();
    await page.goto('/logs');
    await page.getByRole('textbox', { name: '查询' }).waitFor();
    await page.getByText(/完整至/).waitFor();
    expect(await page.evaluate(() => document.documentElement.lang)).toBe('zh-CN');
    expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe('rgb(14, 17, 20)');
    await page.goto('/settings');
    await page.getByRole('button', { name: 'English' }).click();
    await page.getByRole('button', { name: 'Light' }).click();
    expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe('rgb(255, 255, 255)');
  });

  test('fits a phone: no sideways scroll, filters as a sheet, tabs at the bottom', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    for (const path of ['/logs', '/containers', '/ledger', '/settings']) {
      await page.goto(path);
      await page.getByRole('navigation', { name: 'Main' }).waitFor();
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    }
    await page.goto('/logs');
    await rows().first().waitFor();
    await expect.poll(overlaps, WITHIN).toEqual([]);
    await page.getByRole('button', { name: 'Filters' }).click();
    await page
      .getByRole('dialog', { name: 'Filters' })
      .getByRole('button', { name: /^gateway \d/ })
      .click();
    await page.getByRole('dialog', { name: 'Filters' }).getByRole('button', { name: 'Close' }).click();
    await expect.poll(() => query().inputValue(), WITHIN).toBe('app:gateway');
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  test('the page holds nothing inline, so the policy can stay strict', async () => {
    const answer = await page.request.get('/logs');
    const html = await answer.text();
    expect(html).not.toMatch(/<style|style=|<script(?![^>]*\ssrc=)|\son\w+=/i);
    expect(answer.headers()['content-security-policy']).not.toContain('unsafe');
  });
});

const picture = process.env.FLEETLOG_SCREENSHOT === '1';
test.runIf(executable !== null && picture)('the picture of the README', { timeout: 180_000 }, async () => {
  const { startDemo } = await import('../../cli/demo/demo.ts');
  let containersDir = '';
  const product = await startProductWithPage('picture', (config) => {
    config.auth.mode = 'none';
    config.collector.host = 'demo-host';
    containersDir = join(config.dataDir, '../demo');
    config.collector.containersDir = containersDir;
  });
  const demo = await startDemo({ dir: containersDir, linesPerSecond: 40, backfillMinutes: 60 });
  const browser = await startBrowser(executable!);
  try {
    const { page, faults } = await openPage(browser, product.fleetlog.url, {
      colorScheme: 'dark',
      deviceScaleFactor: 1.5,
      viewport: { width: 1440, height: 900 },
    });
    await page.goto(
      '/logs?query=env:prod app:(shop-order OR shop-pay OR risk) (支付 OR timeout OR score) -level:debug',
    );
    await page.getByRole('grid').getByRole('row').nth(10).waitFor({ timeout: 60_000 });
    await expect.poll(() => page.locator('path[data-series="info"]').count(), WITHIN).toBe(1);
    await page.screenshot({ path: join(import.meta.dirname, '../../docs/logs.png') });
    expect(faults).toEqual([]);
  } finally {
    await browser.close();
    await demo.close();
    await product.close();
  }
});
