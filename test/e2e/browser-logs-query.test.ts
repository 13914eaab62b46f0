import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { findChromium } from '../servers/chromium.ts';
import { TRACE_ID } from './browser-logs-fleet.ts';
import { type Rig, startRig, WITHIN } from './browser-logs-rig.ts';

/** Writing a query: by keys, by completion, by filters, by a word of a line; and taking it back. */
const executable = await findChromium();

describe.skipIf(executable === null)('the query of the Logs page', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig('query', executable!);
  }, 120_000);
  afterAll(() => rig?.close());
  afterEach(() => expect(rig.watched.faults).toEqual([]));
  const offers = () => rig.page.getByRole('listbox', { name: 'Suggestions' });

  test('fields are offered while typing, those of the lines too; Tab inserts', async () => {
    const { page, query } = rig;
    await rig.open('/logs?query=app:risk');
    await rig.rows().first().waitFor();
    await query.click();
    await query.fill('');
    await query.pressSequentially('sta');
    await offers()
      .getByRole('option', { name: /^status\b/ })
      .waitFor();
    await page.keyboard.press('Tab');
    expect(await query.inputValue()).toBe('status:');
  });

  test('fields of lines that are not on screen are offered too, with kind and share: in the query and as a filter', async () => {
    const { page, query } = rig;
    await rig.find('app:bulk', '6,000 lines');
    await query.click();
    await query.fill('app:risk use');
    await offers().getByRole('option', { name: 'user.id number 100 %', exact: true }).waitFor();
    await page.keyboard.press('Escape');
    await rig.find('', '6,107 lines');
    const add = page.getByRole('combobox', { name: 'Add a field' });
    await add.focus();
    const offered = () =>
      add.evaluate((input: HTMLInputElement) => Array.from(input.list!.options, (one) => one.value));
    await expect.poll(offered, WITHIN).toContain('user.id');
    await add.fill('USER');
    await expect.poll(offered, WITHIN).toEqual(['user.id']);
    await add.fill('');
  });

  test('clauses are coloured, and a mistake is marked under the very character', async () => {
    const { page, query } = rig;
    await rig.open('/logs?query=app:risk');
    await rig.rows().first().waitFor();
    const drawn = () =>
      query.evaluate((area) =>
        Array.from(area.parentElement!.querySelectorAll('span span'), (span) => {
          const style = getComputedStyle(span);
          return { text: span.textContent, colour: style.color, wavy: style.textDecorationStyle === 'wavy' };
        }),
      );
    const [field, value] = await drawn();
    expect(`${field.text}${value.text}`).toContain('app');
    expect(field.colour).not.toBe(value.colour);
    await rig.run('app:risk (timeout OR');
    await page.getByRole('alert').getByText('OR has nothing on its right').waitFor();
    expect((await drawn()).filter((one) => one.wavy).map((one) => one.text)).toEqual(['OR']);
    expect(await query.getAttribute('aria-invalid')).toBe('true');
    expect(page.url()).not.toContain('timeout');
  });

  test('values come with counts of the current result; arrows choose, Enter runs', async () => {
    const { page, query } = rig;
    await query.fill('app:risk status:');
    const values = offers().getByRole('option');
    await expect
      .poll(() => values.allInnerTexts().then((all) => all.map((one) => one.split('\n'))), WITHIN)
      .toEqual([
        ['200', '9'],
        ['503', '1'],
      ]);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await expect.poll(() => query.inputValue(), WITHIN).toBe('app:risk status:503');
    await expect.poll(rig.total, WITHIN).toBe('1 line');
    expect(rig.param('query')).toBe('app:risk status:503');
    await query.fill('level:');
    await offers()
      .getByRole('option', { name: /^>=warn warn, error, fatal 2$/ })
      .waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(() => offers().count(), WITHIN).toBe(0);
  });

  test('former queries are offered and run again', async () => {
    const { page, query } = rig;
    await rig.find('heartbeat', '12 lines');
    await rig.find('', '6,107 lines');
    await query.click();
    await offers().getByRole('group', { name: 'Recent' }).getByRole('option', { name: 'heartbeat' }).click();
    await expect.poll(() => query.inputValue(), WITHIN).toBe('heartbeat');
    await expect.poll(rig.total, WITHIN).toBe('12 lines');
    expect(page.url()).toContain('heartbeat');
  });

  test('undo takes back what a filter wrote, and redo writes it again', async () => {
    const { page, query } = rig;
    const filters = page.getByRole('complementary', { name: 'Filters' });
    await rig.find('upstream', '30 lines');
    await filters.getByRole('button', { name: 'Only gateway', exact: true }).click();
    await expect.poll(() => query.inputValue(), WITHIN).toBe('upstream app:gateway');
    await query.focus();
    await page.keyboard.press('Control+z');
    expect(await query.inputValue()).toBe('upstream');
    await page.keyboard.press('Control+Shift+z');
    expect(await query.inputValue()).toBe('upstream app:gateway');
    await page.goBack();
    await expect.poll(() => query.inputValue(), WITHIN).toBe('upstream');
  });

  test('many values are searched within their filter', async () => {
    const { page } = rig;
    await rig.find('', '6,107 lines');
    const app = page.getByRole('region', { name: 'App', exact: true });
    await app.getByRole('button', { name: /more · search/ }).click();
    await app.getByRole('textbox', { name: 'Search in App' }).fill('svc-13');
    await expect.poll(() => app.getByRole('button', { name: / 1 line$/ }).count(), WITHIN).toBe(1);
    await app.getByRole('button', { name: /^svc-13 / }).click();
    await expect.poll(() => rig.query.inputValue(), WITHIN).toBe('app:svc-13');
  });

  test('any field of the lines gets a filter of its own, kept in the link', async () => {
    const { page } = rig;
    await rig.find('app:risk', '10 lines');
    const add = page.getByRole('combobox', { name: 'Add a field' });
    await add.fill('status');
    await add.press('Enter');
    const status = page.getByRole('region', { name: 'status' });
    await status.getByRole('button', { name: /^200 9 lines/ }).waitFor();
    expect(rig.param('facet')).toBe('status');
    await status.getByRole('button', { name: 'Exclude 200' }).click();
    await expect.poll(() => rig.query.inputValue(), WITHIN).toBe('app:risk -status:200');
    await page.getByRole('button', { name: 'Remove status' }).click();
    await expect.poll(() => status.count(), WITHIN).toBe(0);
  });

  test('a click on a word opens its menu, a drag selects, and neither opens the line', async () => {
    const { page } = rig;
    await rig.find(`traceId:${TRACE_ID}`, '2 lines');
    const word = async (text: string) => {
      const box = await page.evaluate((wanted) => {
        const walker = document.createTreeWalker(document.querySelector('[role="grid"]')!, NodeFilter.SHOW_TEXT);
        for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
          const at = node.textContent!.indexOf(wanted);
          if (at < 0) continue;
          const range = document.createRange();
          range.setStart(node, at);
          range.setEnd(node, at + wanted.length);
          const { x, y, width, height } = range.getBoundingClientRect();
          return { x, y, width, height };
        }
        return null;
      }, text);
      expect(box).not.toBeNull();
      return box!;
    };
    const at = await word('score');
    await page.mouse.click(at.x + at.width / 2, at.y + at.height / 2);
    const menu = page.getByRole('menu', { name: 'Word score' });
    await menu.getByRole('menuitem', { name: 'Add to the query' }).click();
    await expect.poll(() => rig.query.inputValue(), WITHIN).toBe(`traceId:${TRACE_ID} "score"`);
    await expect.poll(rig.total, WITHIN).toBe('1 line');
    expect(rig.param('open')).toBeNull();

    const from = await word('timeout');
    await page.mouse.move(from.x, from.y + 8);
    await page.mouse.down();
    await page.mouse.move(from.x + from.width, from.y + 8, { steps: 4 });
    await page.mouse.up();
    expect(await page.evaluate(() => window.getSelection()!.toString())).toContain('timeou');
    expect(await page.getByRole('menu').count()).toBe(0);
    expect(rig.param('open')).toBeNull();
  });

  test('slips of a query that finds nothing are put right with one key', async () => {
    const { page } = rig;
    await rig.run('levle:warn app:Risk');
    await page.getByText('The first 2 look like slips.').waitFor();
    await rig.query.press('Escape');
    await page.keyboard.press('Enter');
    await expect.poll(() => rig.query.inputValue(), WITHIN).toBe('level:warn app:risk');
    await expect.poll(rig.total, WITHIN).toBe('1 line');
  });

  test('typed times, and around a line', async () => {
    const { page } = rig;
    await rig.find('创建订单失败', '1 line');
    await page.getByRole('button', { name: 'Time range' }).click();
    const panel = page.getByRole('dialog', { name: 'Time range' });
    await panel.getByLabel('From').fill('now-45m');
    await panel.getByRole('button', { name: 'Apply' }).click();
    expect(rig.param('from')).toBe('now-45m');
    await page.getByRole('button', { name: 'Time range' }).click();
    await panel.getByRole('button', { name: /Since last deploy/ }).waitFor();
    await page.keyboard.press('Escape');
    await rig.rows().first().waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.getByRole('region', { name: 'Details' }).getByRole('button', { name: '± 5 min' }).click();
    await expect.poll(() => rig.param('from'), WITHIN).toMatch(/^20/);
    const width = Date.parse(rig.param('to')!) - Date.parse(rig.param('from')!);
    expect(width).toBe(600_000);
    await page.getByRole('region', { name: 'Details' }).waitFor();
    await page.goBack();
    await expect.poll(() => rig.param('from'), WITHIN).toBe('now-45m');
  });
});
