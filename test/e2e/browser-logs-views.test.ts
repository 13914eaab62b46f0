import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { findChromium } from '../servers/chromium.ts';
import { openPage } from './browser-harness.ts';
import { BULK, TRACE_ID } from './browser-logs-fleet.ts';
import { type Rig, startRig, WITHIN } from './browser-logs-rig.ts';

/** What a search is kept and taken away as: views, exports, commands; and what its patterns and changes are. */
const executable = await findChromium();

describe.skipIf(executable === null)('views, export, commands, patterns and changes', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig('views', executable!);
  }, 120_000);
  afterAll(() => rig?.close());
  afterEach(() => expect(rig.watched.faults).toEqual([]));

  test('why an order failed is found and shared in a dozen strokes, and the colleague sees the same line', async () => {
    const { page } = rig;
    await rig.open('/logs');
    await rig.rows().first().waitFor();
    let strokes = 0;
    const press = async (...keys: string[]) => {
      for (const key of keys) {
        await page.keyboard.press(key);
        strokes += 1;
      }
    };
    await press('/');
    await page.keyboard.type('订单失败');
    strokes += 4;
    await press('Enter', 'Escape');
    await expect.poll(rig.total, WITHIN).toBe('1 line');
    await press('j', 'Enter');
    await page.getByRole('button', { name: /All lines of this trace\s*2/ }).click();
    strokes += 1;
    await expect.poll(rig.total, WITHIN).toBe('2 lines');
    // The other app's line of the same trace is the reason: the newest comes first.
    await press('j', 'y');
    await page.getByText('Link copied').waitFor();
    expect(strokes).toBeLessThanOrEqual(12);
    const link = await page.evaluate(() => navigator.clipboard.readText());
    const colleague = await openPage(rig.browser, rig.product.fleetlog.url, { timezoneId: 'UTC' });
    await colleague.page.goto(link);
    const details = colleague.page.getByRole('region', { name: 'Details' });
    await details.getByRole('row', { name: /^msg/ }).getByText('score timeout').waitFor();
    expect(await colleague.page.getByRole('textbox', { name: 'Query' }).inputValue()).toBe(`"${TRACE_ID}"`);
    expect(new URL(colleague.page.url()).searchParams.get('zone')).toBe('local');
    expect(colleague.faults).toEqual([]);
    await colleague.close();
  });

  test('a search is saved, shared, opened again with its columns, and removed', async () => {
    const { page } = rig;
    await rig.open('/logs?query=app:risk&col=status&from=now-30m&to=now');
    await rig.rows().first().waitFor();
    await page.getByRole('button', { name: 'Saved views' }).click();
    const panel = page.getByRole('dialog', { name: 'Saved views' });
    await panel.getByLabel('Save this search as').fill('Risk scores');
    await panel.getByRole('checkbox', { name: /Share/ }).check();
    expect(await panel.getByLabel('Who may read app').inputValue()).toBe('risk');
    await panel.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('button', { name: 'Saved views: Risk scores' }).waitFor();
    const stored = await page.request.get('/api/v1/views');
    expect(await stored.json()).toMatchObject({ items: [{ name: 'Risk scores', query: 'app:risk', shared: true }] });

    await rig.open('/logs');
    await page.getByRole('button', { name: 'Saved views' }).click();
    await panel
      .getByRole('region', { name: 'My views' })
      .getByRole('button', { name: /^Risk scores/ })
      .click();
    await expect.poll(() => rig.query.inputValue(), WITHIN).toBe('app:risk');
    expect([rig.param('col'), rig.param('from')]).toEqual(['status', 'now-30m']);
    await page.getByRole('button', { name: 'Saved views' }).click();
    await panel.getByRole('button', { name: 'Remove Risk scores' }).click();
    await panel.getByRole('button', { name: 'Remove?' }).click();
    await panel.getByText('No view is saved yet.').waitFor();
    await page.keyboard.press('Escape');
  });

  test('an export shows how far it is, and gives every line', async () => {
    const { page } = rig;
    await rig.open('/logs?query=app:bulk');
    await rig.rows().first().waitFor();
    await page.getByRole('button', { name: 'Export' }).click();
    const panel = page.getByRole('dialog', { name: 'Export' });
    await panel.getByText('6,000 lines, as a file of any size.').waitFor();
    await panel.getByRole('button', { name: 'NDJSON' }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      panel.getByRole('button', { name: 'Export', exact: true }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/^logs-.*\.ndjson$/);
    const lines = (await readFile(await download.path(), 'utf8')).trimEnd().split('\n');
    expect(new Set(lines.map((line) => (JSON.parse(line) as { id: string }).id)).size).toBe(BULK);
    await panel.getByText(/^Saved as logs-/).waitFor();
    await panel.getByRole('progressbar', { name: 'Progress of the export' }).waitFor();
    await page.keyboard.press('Escape');
  });

  test('an export that is cancelled leaves nothing, and one that is refused says why', async () => {
    const { page } = rig;
    await page.getByRole('button', { name: 'Export' }).click();
    const panel = page.getByRole('dialog', { name: 'Export' });
    const start = panel.getByRole('button', { name: 'Export', exact: true });
    // Never answered: there is time to cancel.
    await page.route('**/logs/export*', () => {});
    await start.click();
    await panel.getByRole('button', { name: 'Cancel' }).click();
    await panel.getByText('Cancelled; nothing was kept.').waitFor();
    await page.unroute('**/logs/export*');
    await page.route('**/logs/export*', (route) =>
      route.fulfill({ status: 429, json: { error: { code: 'too_many_requests', message: 'too many exports' } } }),
    );
    await start.click();
    await panel.getByRole('alert').getByText('too many exports').waitFor();
    await page.unroute('**/logs/export*');
    await page.keyboard.press('Escape');
  });

  test('Ctrl+K finds a command by any word, and ? lists the keys', async () => {
    const { page } = rig;
    await rig.open('/logs?query=app:risk');
    await rig.rows().first().waitFor();
    await page.keyboard.press('Control+k');
    const palette = page.getByRole('dialog', { name: 'Commands' });
    await palette.getByRole('combobox').fill('15 min');
    await page.keyboard.press('Enter');
    await expect.poll(() => rig.param('from'), WITHIN).toBe('now-15m');
    await page.keyboard.press('Control+k');
    await palette.getByRole('combobox').fill('ledger');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/ledger');
    await page.goBack();
    await rig.rows().first().waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).getByText('Next, previous event mark').waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(() => page.getByRole('dialog', { name: 'Keys' }).count(), WITHIN).toBe(0);
  });

  test('patterns count every line of the range; a click keeps or leaves out their lines', async () => {
    const { page } = rig;
    await rig.open('/logs?query=app:(bulk OR risk OR shop-order)');
    await page.getByRole('button', { name: 'Patterns' }).click();
    const patterns = page.getByRole('region', { name: 'Patterns' });
    await patterns.getByText('every line counted').waitFor();
    const row = (text: RegExp) => patterns.getByRole('row', { name: text });
    await row(/6,000.*INFO bulk <n> ready/).waitFor();
    await row(/^40 .*order <n> placed/).waitFor();
    await row(/^1 .*创建订单失败/).waitFor();
    await patterns.getByRole('textbox', { name: 'Search in patterns' }).fill('heartbeat');
    await expect.poll(() => row(/heartbeat/).count(), WITHIN).toBe(1);
    await row(/heartbeat/)
      .getByRole('button', { name: 'Only these lines' })
      .click();
    await expect.poll(() => rig.query.inputValue(), WITHIN).toMatch(/pattern:[0-9a-f]{16}$/);
    await expect.poll(rig.total, WITHIN).toBe('12 lines');
    await rig.open('/logs?query=app:shop-order&tab=patterns');
    await row(/heartbeat/)
      .getByRole('button', { name: 'Without these lines' })
      .click();
    await expect.poll(rig.total, WITHIN).toBe('41 lines');
    expect(await rig.query.inputValue()).toMatch(/ -pattern:[0-9a-f]{16}$/);
  });

  test('a selected spike is explained by what differs most', async () => {
    const { page } = rig;
    await rig.open('/logs?tab=explain&query=-app:bulk');
    const explain = page.getByRole('region', { name: 'What changed' });
    await explain.getByText('Drag over the histogram to select the spike.').waitFor();
    await expect.poll(rig.total, WITHIN).toBe('107 lines');
    // The last five minutes hold the failing gateway alone.
    const box = (await page.getByRole('slider', { name: /^Bars/ }).boundingBox())!;
    const x = (minutesAgo: number) => box.x + box.width * (1 - minutesAgo / 60);
    const drag = async (from: number, to: number) => {
      await page.mouse.move(x(from), box.y + 30);
      await page.mouse.down();
      await page.mouse.move(x(to), box.y + 30, { steps: 4 });
      await page.mouse.up();
    };
    await drag(5, 0.4);
    const first = explain.getByRole('row').nth(1);
    await expect.poll(() => first.innerText(), WITHIN).toMatch(/gateway|staging|upstream/);
    expect(await explain.getByText('only in the spike').count()).toBeGreaterThan(0);
    await explain.getByRole('button', { name: 'Drag the baseline' }).click();
    await drag(25, 10);
    await expect.poll(() => rig.param('baseFrom'), WITHIN).not.toBeNull();
    await explain.getByText(/30 lines in the spike, 52 lines in the baseline/).waitFor();
    await explain
      .getByRole('row', { name: /app:gateway/ })
      .getByRole('button', { name: 'Only app:gateway' })
      .click();
    await expect.poll(() => rig.query.inputValue(), WITHIN).toBe('-app:bulk app:gateway');
  });
});
