import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { findChromium } from '../servers/chromium.ts';
import { until } from '../suites/api-harness.ts';
import { openPage } from './browser-harness.ts';
import { type Rig, startRig, WITHIN } from './browser-logs-rig.ts';

/** Time and zone, counts under the pointer, colours, what is copied and taken away, and what follows the reader's system. */
const executable = await findChromium();

describe.skipIf(executable === null)('reading on the Logs page', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig('reading', executable!);
    rig.product.write({ app: 'colour', env: 'test' }, [
      'ERROR \u001b[31mred alert\u001b[0m and \u001b[1;32mgreen\u001b[0m plain',
      '=HYPERLINK("http://x") not a formula',
    ]);
    const stored = async () => {
      const answer = await rig.page.request.get('/api/v1/logs?query=app:colour&from=now-1h');
      return ((await answer.json()) as { records: unknown[] }).records.length;
    };
    await until(stored, (count) => count === 2, 60_000);
  }, 120_000);
  afterAll(() => rig?.close());
  afterEach(() => expect(rig.watched.faults).toEqual([]));
  const copied = () => rig.page.evaluate(() => navigator.clipboard.readText());
  const details = () => rig.page.getByRole('region', { name: 'Details' });
  const openFirst = async () => {
    await rig.rows().first().waitFor();
    await rig.page.keyboard.press('j');
    await rig.page.keyboard.press('Enter');
    await details().waitFor();
  };

  test('milliseconds stand in the row, the full time with its zone on hover', async () => {
    await rig.open('/logs?query=创建订单失败');
    const time = rig.rows().filter({ hasText: '创建订单失败' }).locator('time');
    await time.waitFor();
    expect(await time.innerText()).toMatch(/^\d\d:\d\d:\d\d\.\d{3}$/);
    expect(await time.getAttribute('title')).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+08:00$/);
  });

  test('UTC by a key: in rows, remembered on the next visit, and in the link that is copied', async () => {
    const { page } = rig;
    await rig.open('/logs?query=创建订单失败');
    const time = rig.rows().filter({ hasText: '创建订单失败' }).locator('time');
    await time.waitFor();
    const local = await time.innerText();
    await page.keyboard.press('u');
    await page.getByRole('button', { name: 'Time zone: UTC', exact: true }).waitFor();
    await expect.poll(() => time.getAttribute('title'), WITHIN).toMatch(/Z$/);
    expect(await time.innerText()).not.toBe(local);
    await rig.open('/logs?query=创建订单失败');
    await page.getByRole('button', { name: 'Time zone: UTC', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Copy link' }).first().click();
    await page.getByText('Link copied').waitFor();
    const link = new URL(await copied());
    expect(link.searchParams.get('zone')).toBe('utc');
    expect(link.searchParams.get('from')).toMatch(/^20.*Z$/);
    await page.keyboard.press('u');
    await page.getByRole('button', { name: 'Time zone: UTC+8' }).waitFor();
  });

  test('keys shift the range by half, and − widens it', async () => {
    const { page } = rig;
    await rig.open('/logs?query=app:risk&from=now-1h&to=now');
    await rig.rows().first().waitFor();
    await page.keyboard.press('[');
    await expect.poll(() => rig.param('from'), WITHIN).toMatch(/^20/);
    const [from, to] = [rig.param('from')!, rig.param('to')!].map(Date.parse);
    expect(to - from).toBe(3600_000);
    await page.getByRole('button', { name: 'Later', exact: true }).click();
    await expect.poll(() => Date.parse(rig.param('from')!), WITHIN).toBe(from + 1800_000);
    await page.getByRole('button', { name: 'Zoom out' }).click();
    await expect
      .poll(() => Date.parse(rig.param('to')!) - Date.parse(rig.param('from')!), WITHIN)
      .toBeGreaterThan(3600_000);
  });

  test('the pointer over a bar shows its time and counts by level; the table says the same', async () => {
    const { page } = rig;
    await rig.open('/logs?query=env:prod&from=now-1h&to=now');
    await expect.poll(rig.total, WITHIN).toBe('63 lines');
    const histogram = page.getByLabel('Lines over time');
    const bars = histogram.getByRole('slider', { name: /^Bars/ });
    const box = (await bars.boundingBox())!;
    // Eight minutes ago: the scores, one of them a warning.
    const told = async () => {
      for (let x = box.x + box.width * 0.84; x < box.x + box.width * 0.9; x += 2) {
        await page.mouse.move(x, box.y + 30);
        const text = await histogram.innerText();
        if (/\d\d:\d\d:\d\d – \d\d:\d\d:\d\d.*10 lines.*warn\s*1.*info\s*9/s.test(text)) return true;
      }
      return false;
    };
    await expect.poll(told, WITHIN).toBe(true);
    await histogram.getByRole('button', { name: 'Table' }).click();
    await histogram.getByRole('table').getByRole('row').filter({ hasText: '40' }).first().waitFor();
  });

  test('colours of a terminal are shown and their codes are not; text is as written', async () => {
    const { page } = rig;
    await rig.open('/logs?query=app:colour');
    await rig.grid.getByText('red alert', { exact: true }).waitFor();
    const cell = rig.rows().filter({ hasText: 'red alert' }).locator('[data-words]');
    expect(await cell.innerText()).toContain('ERROR red alert and green plain');
    const colours = await cell.evaluate((element) =>
      Array.from(element.querySelectorAll('span, mark'), (one) => [one.textContent, getComputedStyle(one).color]),
    );
    const green = colours.find(([text]) => text === 'green');
    expect(green).toBeDefined();
    expect(green![1]).not.toBe(await cell.evaluate((element) => getComputedStyle(element).color));
    await page.keyboard.press('w');
    await expect.poll(() => rig.param('wrap'), WITHIN).toBe('1');
  });

  test('each instance has its colour, the same on every look', async () => {
    await rig.open('/logs?query=env:prod');
    await rig.rows().nth(20).waitFor();
    const dots = () =>
      rig.grid.evaluate((grid) => {
        const found: Record<string, string> = {};
        for (const row of grid.querySelectorAll('[role="row"]')) {
          const cell = row.querySelectorAll('[role="gridcell"]')[2];
          const dot = cell?.querySelector('[aria-hidden="true"]');
          if (dot != null) found[cell.textContent!.trim()] = getComputedStyle(dot).backgroundColor;
        }
        return found;
      });
    const first = await dots();
    expect(new Set(Object.values(first)).size).toBeGreaterThan(1);
    await rig.page.reload();
    await rig.rows().nth(20).waitFor();
    expect(await dots()).toEqual(first);
  });

  test('a line is copied as text, as JSON and as a link', async () => {
    const { page } = rig;
    await rig.open('/logs?query=app:risk status:503');
    await openFirst();
    await page.keyboard.press('Shift+Y');
    await expect.poll(copied, WITHIN).toMatch(/^\d{4}-.*"msg":"score timeout"/);
    await details().getByRole('button', { name: 'Copy JSON' }).click();
    await expect.poll(copied, WITHIN).toMatch(/^\{/);
    const record = JSON.parse(await copied()) as { app: string; fields: Record<string, string> };
    expect([record.app, record.fields['user.id']]).toEqual(['risk', '88213']);
    await page.keyboard.press('y');
    await expect.poll(copied, WITHIN).toMatch(/\/logs\?.*open=/);
  });

  test('a field of an open line is included or excluded, and its value copied', async () => {
    const { page } = rig;
    await rig.open('/logs?query=app:risk status:503');
    await openFirst();
    const field = (name: RegExp) => details().getByRole('row', { name });
    await field(/^traceId/).hover();
    await field(/^traceId/)
      .getByRole('button', { name: 'Copy traceId' })
      .click();
    await expect.poll(copied, WITHIN).toBe('7f3a9c1e5b2d4408');
    await field(/^status/).hover();
    await field(/^status/)
      .getByRole('button', { name: 'Without this status' })
      .click();
    await expect.poll(() => rig.query.inputValue(), WITHIN).toBe('app:risk -status:503');
    await expect.poll(rig.total, WITHIN).toBe('9 lines');
    await page.goBack();
    await details().waitFor();
    await field(/^env/).hover();
    await field(/^env/).getByRole('button', { name: 'Only this env' }).click();
    await expect.poll(() => rig.query.inputValue(), WITHIN).toBe('app:risk status:503 env:prod');
  });

  test('exports as text and as CSV in which no cell runs as a formula', async () => {
    const { page } = rig;
    await rig.open('/logs?query=app:colour');
    await expect.poll(rig.total, WITHIN).toBe('2 lines');
    const taken = async (format: string) => {
      await page.getByRole('button', { name: 'Export' }).click();
      const panel = page.getByRole('dialog', { name: 'Export' });
      await panel.getByRole('button', { name: format, exact: true }).click();
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        panel.getByRole('button', { name: 'Export', exact: true }).click(),
      ]);
      await panel.getByText(/^Saved as logs-/).waitFor();
      await page.keyboard.press('Escape');
      return readFile(await download.path(), 'utf8');
    };
    expect(await taken('Text')).toContain('=HYPERLINK("http://x") not a formula');
    const csv = await taken('CSV');
    expect(csv).toContain('not a formula');
    expect(csv).not.toMatch(/(^|,|\n)"?=HYPERLINK/);
  });

  test('patterns say what is new against the period before, and when each was first and last seen', async () => {
    const { page } = rig;
    await rig.open('/logs?query=env:prod&tab=patterns');
    const patterns = page.getByRole('region', { name: 'Patterns' });
    await patterns.getByText('every line counted').waitFor();
    for (const name of ['First seen', 'Last seen'])
      await patterns.getByRole('columnheader', { name }).first().waitFor();
    const compare = patterns.getByRole('button', { name: 'Against the period before' });
    if ((await compare.getAttribute('aria-pressed')) !== 'true') await compare.click();
    const row = patterns.getByRole('row', { name: /heartbeat/ });
    await row.getByText('new', { exact: true }).waitFor();
    await patterns.getByRole('button', { name: /^Gone/ }).click();
    await expect.poll(() => row.count(), WITHIN).toBe(0);
  });

  test('what it took and how much is loaded stands below; while a slow answer comes, the old lines are marked as old', async () => {
    const { page } = rig;
    await rig.open('/logs?query=app:risk');
    await page.getByText('10 of 10 lines loaded').waitFor();
    await page.getByText(/^[\d.]+ (ms|s|m) · read /).waitFor();
    let answer = () => {};
    const asked = new Promise<void>((resolve) => {
      answer = resolve;
    });
    await page.route('**/api/v1/logs?*', async (route) => {
      await asked;
      await route.continue();
    });
    await rig.run('app:shop-order');
    await expect.poll(() => rig.grid.getAttribute('aria-busy'), WITHIN).toBe('true');
    await page.getByRole('progressbar', { name: 'Running' }).waitFor();
    answer();
    await expect.poll(() => rig.grid.getAttribute('aria-busy'), WITHIN).toBe('false');
    await page.unrouteAll({ behavior: 'wait' });
    await page.getByText('53 of 53 lines loaded').waitFor();
  });

  test('the focus returns where it came from, and Esc closes the topmost alone', async () => {
    const { page } = rig;
    await rig.open('/logs?query=app:risk');
    await rig.rows().first().waitFor();
    const focused = () =>
      page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent);
    for (const name of ['Saved views', 'Columns', 'Export']) {
      const button = page.getByRole('button', { name }).first();
      await button.focus();
      await page.keyboard.press('Enter');
      await page.getByRole('dialog', { name }).waitFor();
      await page.keyboard.press('Escape');
      await expect.poll(() => page.getByRole('dialog').count(), WITHIN).toBe(0);
      expect(await focused()).toContain(name);
    }
    await page.keyboard.press('j');
    await page.keyboard.press('c');
    const drawer = page.getByRole('complementary', { name: 'Context' });
    await drawer.getByText('score').first().waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(() => page.getByRole('dialog').count(), WITHIN).toBe(0);
    expect(await drawer.count()).toBe(1);
    await page.keyboard.press('Escape');
    await expect.poll(() => drawer.count(), WITHIN).toBe(0);
    expect(await page.evaluate(() => document.activeElement?.getAttribute('role'))).toBe('row');
  });

  test('the theme of the system is followed, and nothing moves for who asked for that', async () => {
    const other = await openPage(rig.browser, rig.product.fleetlog.url, {
      colorScheme: 'dark',
      reducedMotion: 'reduce',
    });
    const { page } = other;
    await page.goto('/logs?query=app:risk');
    await page.getByRole('grid').getByRole('row').first().waitFor();
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    expect(await background()).toBe('rgb(14, 17, 20)');
    await page.emulateMedia({ colorScheme: 'light' });
    expect(await background()).toBe('rgb(255, 255, 255)');
    await page.getByRole('button', { name: 'Saved views' }).click();
    const moving = await page.evaluate(() =>
      Array.from(document.querySelectorAll('*'))
        .filter((element) => {
          const style = getComputedStyle(element);
          const longest = (list: string) => Math.max(...list.split(',').map((one) => Number.parseFloat(one)));
          return (
            longest(style.transitionDuration) > 0.01 ||
            (style.animationName !== 'none' && longest(style.animationDuration) > 0.01)
          );
        })
        .map((element) => element.className),
    );
    expect(moving).toEqual([]);
    expect(other.faults).toEqual([]);
    await other.close();
  });

  test('in Chinese too: time, an open line, a word, filters', async () => {
    const other = await openPage(rig.browser, rig.product.fleetlog.url, { locale: 'zh-CN' });
    const { page } = other;
    page.setDefaultTimeout(WITHIN.timeout);
    await page.goto('/logs?query=app:risk status:503');
    await page.getByRole('grid', { name: '日志行' }).getByRole('row').first().waitFor();
    await page.getByRole('complementary', { name: '筛选' }).getByRole('region', { name: '应用' }).waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    const open = page.getByRole('region', { name: '详情' });
    await open.getByRole('button', { name: '复制 JSON' }).waitFor();
    await open.getByRole('row', { name: /^status/ }).hover();
    await page.getByRole('button', { name: /^时间范围/ }).click();
    await page.getByRole('dialog', { name: '时间范围' }).getByRole('button', { name: '最近 1 小时' }).first().waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('textbox', { name: '查询' }).fill('app:risk sta');
    await page.getByRole('listbox', { name: '补全建议' }).getByRole('option', { name: 'status 数字 100 %' }).waitFor();
    // No word of the other language is left in what is named.
    const names = await page
      .locator('main button:visible')
      .evaluateAll((all) => all.map((one) => one.getAttribute('aria-label') ?? one.textContent ?? ''));
    const english = names.filter((name) => /\b(copy|only|show|without|filter|search|export|saved)\b/i.test(name));
    expect(english).toEqual([]);
    expect(other.faults).toEqual([]);
    await other.close();
  });
});
