import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { findChromium } from '../servers/chromium.ts';
import { BULK, TRACE_ID } from './browser-logs-fleet.ts';
import { type Rig, startRig, WITHIN } from './browser-logs-rig.ts';

/** How lines are shown and looked into; histogram, marks, columns, details, context. */
const executable = await findChromium();

describe.skipIf(executable === null)('the lines of the Logs page', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig('rows', executable!);
  }, 120_000);
  afterAll(() => rig?.close());
  afterEach(() => expect(rig.watched.faults).toEqual([]));
  const marks = () => rig.grid.getByRole('row', { name: /deployed|OOM-killed|exited/ });

  test('events stand on the axis and between the lines; n goes from one to the next', async () => {
    const { page, grid } = rig;
    await rig.open('/logs?query=env:prod');
    await rig.rows().first().waitFor();
    const lane = page.getByLabel('Lines over time');
    await lane.getByRole('button', { name: /shop-order-1 OOM-killed · exit 137/ }).waitFor();
    await lane.getByRole('button', { name: /shop-order deployed 1\.4\.2 · 2 replicas · was 1\.4\.1/ }).waitFor();
    await expect.poll(() => marks().count(), WITHIN).toBe(2);
    await page.keyboard.press('j');
    await page.keyboard.press('n');
    const focused = () => grid.evaluate((box) => box.querySelector(':focus')?.textContent ?? '');
    await expect.poll(focused, WITHIN).toContain('OOM-killed');
    await page.keyboard.press('n');
    await expect.poll(focused, WITHIN).toContain('deployed 1.4.2');
    await page.keyboard.press('Shift+N');
    await expect.poll(focused, WITHIN).toContain('OOM-killed');
    // Other apps' events are no business of this search.
    await rig.find('app:risk', '10 lines');
    await expect.poll(() => marks().count(), WITHIN).toBe(0);
  });

  test('bars by app, the period before behind them, and a walk over them by keys', async () => {
    const { page } = rig;
    await rig.find('', '6,107 lines');
    const histogram = page.getByLabel('Lines over time');
    await histogram.getByRole('combobox', { name: 'Bars by' }).selectOption('app');
    await expect.poll(() => histogram.innerText(), WITHIN).toMatch(/bulk\n/);
    expect(rig.param('by')).toBe('app');
    await histogram.getByRole('button', { name: 'Compare' }).click();
    await expect.poll(() => histogram.innerText(), WITHIN).toMatch(/0 in the period before/);
    expect(rig.param('compare')).toBe('1');

    const bars = histogram.getByRole('slider', { name: /^Bars/ });
    await bars.focus();
    await page.keyboard.press('ArrowLeft');
    expect(await bars.getAttribute('aria-valuetext')).toMatch(/lines?/);
    await page.keyboard.press('Shift+ArrowLeft');
    await page.keyboard.press('Shift+ArrowLeft');
    await histogram.getByRole('button', { name: 'Zoom' }).waitFor();
    expect(rig.param('brushFrom')).not.toBeNull();
    // While something runs, Esc stops that first.
    await expect.poll(() => page.getByRole('progressbar').count(), WITHIN).toBe(0);
    await page.keyboard.press('Escape');
    await expect.poll(() => rig.param('brushFrom'), WITHIN).toBeNull();
  });

  test('G goes to the very last of many lines without reading all, g g back', async () => {
    const { page, grid } = rig;
    await rig.open('/logs?query=app:bulk');
    await expect.poll(rig.total, WITHIN).toBe(`${BULK.toLocaleString('en-US')} lines`);
    await rig.rows().first().waitFor();
    await page.keyboard.press('Shift+G');
    await grid.getByText('bulk 0 ready').waitFor();
    await page.getByText(/^1?,?\d+ of 6,000 lines loaded$/).waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('g');
    await grid.getByText(`bulk ${BULK - 1} ready`).waitFor();
  });

  test('columns are chosen from a list or from a line, and kept in the link', async () => {
    const { page, grid } = rig;
    await rig.open('/logs?query=app:risk');
    await rig.rows().first().waitFor();
    await page.getByRole('button', { name: 'Columns' }).click();
    const panel = page.getByRole('dialog', { name: 'Columns' });
    await panel.getByRole('checkbox', { name: 'host' }).uncheck();
    await panel.getByRole('checkbox', { name: 'status' }).check();
    await expect.poll(() => new URL(page.url()).searchParams.getAll('col'), WITHIN).toEqual(['instance', 'status']);
    await expect.poll(() => grid.getByRole('gridcell', { name: '503', exact: true }).count(), WITHIN).toBe(1);
    await page.keyboard.press('Escape');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    const details = page.getByRole('region', { name: 'Details' });
    await details.getByRole('row', { name: /^user\.id/ }).hover();
    await details.getByRole('button', { name: 'Show user.id as a column' }).click();
    await page.reload();
    await rig.rows().first().waitFor();
    expect(new URL(page.url()).searchParams.getAll('col')).toEqual(['instance', 'status', 'user.id']);
    await expect.poll(() => grid.getByRole('gridcell', { name: '88213', exact: true }).count(), WITHIN).toBe(1);
  });

  test('JSON stands indented, and repeated lines fold to a count', async () => {
    const { page, grid } = rig;
    await rig.open('/logs?query=app:risk status:503&pretty=1');
    await grid.getByText('"id": 88213').waitFor();
    await rig.open('/logs?query=heartbeat&repeats=1');
    const more = grid.getByRole('button', { name: '+ 11 alike' });
    await more.waitFor();
    const beats = () => grid.getByRole('row', { name: /heartbeat/ }).count();
    expect(await beats()).toBe(1);
    await more.click();
    await grid.getByText('heartbeat 3 ').waitFor();
    expect(await beats()).toBe(12);
    await grid.getByRole('button', { name: 'fold' }).click();
    await expect.poll(beats, WITHIN).toBe(1);
    await page.getByText('12 of 12 lines loaded').waitFor();
  });

  test('a trace id in a line finds all lines of the trace, with their number; values have figures', async () => {
    const { page } = rig;
    await rig.open('/logs?query=app:risk status:503');
    await rig.rows().first().waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    const details = page.getByRole('region', { name: 'Details' });
    await details.getByRole('button', { name: 'Stats' }).click();
    await details.getByRole('group', { name: 'status' }).getByText('100.0 %').waitFor();
    await details.getByRole('button', { name: 'Raw' }).click();
    await details.getByRole('button', { name: 'Unfold \\n' }).click();
    await details.getByRole('button', { name: /All lines of this trace\s*2/ }).click();
    await expect.poll(() => rig.query.inputValue(), WITHIN).toBe(`"${TRACE_ID}"`);
    await expect.poll(rig.total, WITHIN).toBe('2 lines');
  });

  test('pinned lines stay while something else is searched for', async () => {
    const { page } = rig;
    await rig.open('/logs?query=创建订单失败');
    await rig.rows().first().waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('x');
    const pinned = page.getByRole('region', { name: 'Pinned lines' });
    await pinned.getByText('创建订单失败').waitFor();
    await rig.find('heartbeat', '12 lines');
    await pinned.getByRole('button', { name: 'Copy all' }).click();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('创建订单失败');
    await pinned.getByRole('button', { name: 'Unpin', exact: true }).click();
    await expect.poll(() => pinned.count(), WITHIN).toBe(0);
  });

  test('the context keeps its search in its link, and its anchor lit', async () => {
    const { page } = rig;
    await rig.open('/logs?query=创建订单失败');
    await rig.rows().first().waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('c');
    const drawer = page.getByRole('complementary', { name: 'Context' });
    await drawer.getByRole('textbox', { name: 'Find in these lines' }).fill('heartbeat 1');
    await drawer.getByText('1 / 3').waitFor();
    await drawer.getByRole('button', { name: 'Copy link to this view' }).click();
    const link = await page.evaluate(() => navigator.clipboard.readText());
    await page.goto('about:blank');
    await page.goto(link);
    await drawer.getByText('1 / 3').waitFor();
    expect(await drawer.locator('[aria-current="true"]').innerText()).toContain('创建订单失败');
  });

  test('a phone shows two-line rows, and nothing scrolls sideways', async () => {
    const { page } = rig;
    await page.setViewportSize({ width: 390, height: 844 });
    for (const path of [
      '/logs?query=env:prod',
      '/logs?tab=patterns',
      '/logs?tab=explain',
      '/logs?query=nothing_here',
    ]) {
      await page.goto(path);
      await page.getByRole('textbox', { name: 'Query' }).waitFor();
      expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(390);
    }
    await page.setViewportSize({ width: 1280, height: 800 });
  });
});
