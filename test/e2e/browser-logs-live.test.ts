import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { findChromium } from '../servers/chromium.ts';
import { type BreakableLine, startBreakableLine } from './breakable-line.ts';
import { type Rig, startRig, WITHIN } from './browser-logs-rig.ts';

/** The live view over a broken line, events in it, and the page in Chinese. */
const executable = await findChromium();
describe.skipIf(executable === null)('the live view and the words of the Logs page', () => {
  let rig: Rig;
  let line: BreakableLine;
  beforeAll(async () => {
    rig = await startRig('live', executable!);
    line = await startBreakableLine(rig.product.fleetlog.url);
  }, 120_000);
  afterAll(async () => {
    await line?.close();
    await rig?.close();
  });
  afterEach(() => expect(rig.watched.faults).toEqual([]));
  const log = () => rig.page.getByRole('log', { name: 'Log lines' });
  const write = (...lines: string[]) => rig.product.write({ app: 'live', env: 'test' }, lines);

  test('a lost connection is said, and what came meanwhile is shown once it is back', async () => {
    const { page } = rig;
    write('INFO live begins');
    await rig.open(`${line.url}/logs?live=1&query=app:live`);
    await log().getByText('live begins').waitFor();
    line.cut();
    await page.getByText('Connection lost. Trying again').waitFor();
    write('INFO while away 1', 'INFO while away 2');
    line.mend();
    await log().getByText('while away 2').waitFor();
    await log()
      .getByText(/^Connection lost for .*, resumed with nothing missing$/)
      .waitFor();
    await log().getByText('while away 1').waitFor();
    expect(await log().getByText('live begins').count()).toBe(1);
  });

  test('a word, a selection or an open line pauses; End resumes; the sum is right', async () => {
    const { page } = rig;
    const sum = async () => {
      const text = await page.getByText(/^shown /).innerText();
      const [shown, waiting, skipped, written] = [...text.matchAll(/[\d,]+/g)].map(([n]) =>
        Number(n.replace(/,/g, '')),
      );
      return { fits: shown + waiting + skipped === written, waiting };
    };
    // The cell is wider than its text; a double click beside the text selects nothing.
    await log()
      .getByText('while away 1')
      .dblclick({ position: { x: 60, y: 8 } });
    await page.getByText('because text is selected.').waitFor();
    write('ERROR while paused');
    await page.getByRole('button', { name: /1 new.*1 error/s }).waitFor();
    expect(await sum()).toEqual({ fits: true, waiting: 1 });
    await page.keyboard.press('End');
    await log().getByText('while paused').waitFor();
    expect(await sum()).toEqual({ fits: true, waiting: 0 });
    await page.keyboard.press('p');
    await page.getByText('by you.').waitFor();
    await page.keyboard.press('p');
    await expect.poll(() => page.getByText(/^Paused at/).count(), WITHIN).toBe(0);
  });

  test('more than the view takes is counted and found by a search', async () => {
    const { page } = rig;
    await page.keyboard.press('p');
    await page.getByText('by you.').waitFor();
    const lines = Array.from({ length: 10_500 }, (_, n) => `INFO flood ${n}`);
    write(...lines);
    await page.getByRole('button', { name: /^10,000 new/ }).waitFor();
    await expect.poll(() => page.getByText(/^shown /).innerText(), WITHIN).toMatch(/skipped [1-9]/);
    await page.keyboard.press('End');
    await log()
      .getByText(/lines? skipped: the browser was behind/)
      .first()
      .waitFor();
    await log().getByRole('button', { name: 'open as search' }).first().click();
    await rig.rows().first().waitFor();
    expect(rig.param('live')).toBeNull();
    expect(rig.param('from')).toMatch(/^20/);
    await expect.poll(rig.total, WITHIN).toMatch(/^\d+ lines?$/);
  });

  test('what happens to a container stands between the live lines, and waits with them while paused', async () => {
    const { page } = rig;
    await rig.open('/logs?live=1&query=app:(shop-order OR quiet)');
    const mark = (name: RegExp) => log().getByRole('row', { name });
    await mark(/shop-order deployed 1\.4\.2 · 2 replicas · was 1\.4\.1/).waitFor();
    await mark(/shop-order-1 OOM-killed · exit 137/).waitFor();
    // In their place: the deploy before the heartbeats, the kill behind the failed order.
    const order = await log().getByRole('row').allInnerTexts();
    const at = (text: RegExp) => order.findIndex((row) => text.test(row));
    expect(at(/deployed/)).toBeLessThan(at(/heartbeat/));
    expect(at(/OOM-killed/)).toBeGreaterThan(at(/创建订单失败/));
    expect(await page.getByText(/^shown /).innerText()).toMatch(/^shown 53 /);

    await rig.happen('risk', 1, 'restart', 0, {});
    await rig.happen('shop-order', 1, 'restart', 0, {});
    await mark(/shop-order-1 restarted/).waitFor();
    expect(await mark(/risk-1/).count()).toBe(0);
    await page.keyboard.press('p');
    await page.getByText('by you.').waitFor();
    const seen = await log().getByRole('row').count();
    await rig.happen('shop-order', 2, 'oom', 0, {});
    rig.product.write({ app: 'quiet', env: 'test' }, ['INFO behind the kill']);
    await page.getByRole('button', { name: /^1 new/ }).waitFor();
    expect(await log().getByRole('row').count()).toBe(seen);
    await page.keyboard.press('End');
    await mark(/shop-order-2 OOM-killed/).waitFor();
    await log().getByText('behind the kill').waitFor();
  });

  test('the last ten minutes stand above the live view; a part of them opens as a search', async () => {
    const { page } = rig;
    await rig.open('/logs?live=1&query=app:gateway');
    await log().getByText('upstream').first().waitFor();
    const bars = page.getByLabel('Lines over time').getByRole('slider');
    await bars.focus();
    expect(await page.getByRole('img', { name: /^30 lines in \d+ bars$/ }).count()).toBe(1);
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Live', exact: true }).waitFor();
    expect(Date.parse(rig.param('to')!) - Date.parse(rig.param('from')!)).toBe(10_000);
  });

  test('on a phone no line ever covers another, however fast they come', async () => {
    const { page } = rig;
    await page.setViewportSize({ width: 390, height: 844 });
    await rig.open('/logs?live=1&query=app:wide');
    const counted = page.evaluate(async () => {
      let worst = 0;
      const end = performance.now() + 3000;
      while (performance.now() < end) {
        await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
        const boxes = Array.from(document.querySelectorAll('[role="log"] [data-index]'), (row) =>
          row.getBoundingClientRect(),
        );
        boxes.sort((a, b) => a.top - b.top);
        for (let n = 1; n < boxes.length; n += 1) worst = Math.max(worst, Math.abs(boxes[n].top - boxes[n - 1].bottom));
      }
      return { worst, rows: document.querySelectorAll('[role="log"] [data-index]').length };
    });
    for (let n = 0; n < 12; n += 1) {
      rig.product.write({ app: 'wide', env: 'test' }, [
        `INFO ${n} ${'a longer line that wraps '.repeat(1 + (n % 7))}`,
        'WARN short',
      ]);
      await page.getByRole('log').getByText(`INFO ${n} `).waitFor();
    }
    const { worst, rows } = await counted;
    expect(rows).toBeGreaterThan(3);
    expect(worst).toBeLessThanOrEqual(1.5);
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  test('stop gives up a search that takes long, and says so', async () => {
    const { page } = rig;
    await rig.open('/logs?query=app:risk');
    await rig.rows().first().waitFor();
    await page.route('**/api/v1/logs?*', () => {});
    await rig.query.fill('app:shop-order');
    await rig.query.press('Enter');
    await page.getByRole('button', { name: 'Stop' }).click();
    await expect.poll(() => page.getByRole('button', { name: 'Stop' }).count(), WITHIN).toBe(0);
    await page.unroute('**/api/v1/logs?*');
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect.poll(rig.total, WITHIN).toBe('53 lines');
  });

  test('an answer that is partly missing says so, with what mends it', async () => {
    const { page } = rig;
    await page.route('**/api/v1/logs?*', async (route) => {
      const answer = await route.fetch();
      const body = (await answer.json()) as { notes: object[] };
      body.notes.push({ code: 'time_limit_reached' });
      await route.fulfill({ response: answer, json: body });
    });
    await rig.open('/logs?query=app:shop-order');
    await page.getByText('The time limit was reached: this is only part of the answer.').waitFor();
    await page.getByRole('button', { name: 'Later half of the range' }).click();
    await expect.poll(() => rig.param('from'), WITHIN).toMatch(/^20/);
    await page.unrouteAll({ behavior: 'wait' });
  });

  test('time that is not complete is hatched with its cause, and a silent host shows its gap', async () => {
    const { page, now } = rig;
    const iso = (minutes: number) => new Date(now / 1000 - minutes * 60_000).toISOString().replace('Z', '000Z');
    const gap = {
      host: 'bj-h07',
      app: null,
      env: null,
      from: iso(25),
      to: iso(15),
      cause: 'collector_silent',
      bytes: null,
    };
    await page.route(/\/api\/v1\/logs(\/histogram)?\?/, async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, json: { ...((await answer.json()) as object), gaps: [gap] } });
    });
    await rig.open('/logs?query=env:prod');
    await page.getByLabel('Lines over time').getByText('bj-h07 collector silent 10 m').waitFor();
    const host = page.getByRole('region', { name: 'Host' });
    await host
      .getByRole('button', { name: /^bj-h07/ })
      .getByText('gap 10 m')
      .waitFor();
    await page.getByRole('button', { name: /^1 gap/ }).click();
    await page
      .getByRole('listitem')
      .getByText(/bj-h07 collector silent 10 m/)
      .waitFor();
    await page.unrouteAll({ behavior: 'wait' });
  });

  test('speaks Chinese in every part', async () => {
    const { page } = rig;
    await page.evaluate(() => localStorage.setItem('fleetlog.preferences', JSON.stringify({ language: 'zh' })));
    await page.goto('/logs?query=env:prod');
    const grid = page.getByRole('grid', { name: '日志行' });
    await grid.getByRole('row', { name: /shop-order-1 内存溢出被杀 · 退出码 137/ }).waitFor();
    await grid.getByRole('row', { name: /shop-order 已发布 1\.4\.2 · 2 个副本 · 原 1\.4\.1/ }).waitFor();
    await page.getByRole('button', { name: '模式' }).click();
    await page.getByText(/逐行计数/).waitFor();
    await page.getByRole('button', { name: '变化分析' }).click();
    await page.getByText('在直方图上拖动以选中异常时段。').waitFor();
    await page.getByRole('button', { name: '已存视图' }).click();
    await page.getByLabel('将此查询保存为').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: '导出' }).click();
    await page.getByText(/63 行，文件大小不限。/).waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+k');
    await page.getByRole('dialog', { name: '命令' }).getByRole('option', { name: 'Switch to English' }).click();
    await page.getByRole('button', { name: 'Patterns' }).waitFor();
  });
});
