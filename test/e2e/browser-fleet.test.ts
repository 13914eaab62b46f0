import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { findChromium } from '../servers/chromium.ts';
import { type FleetRig, idOf, startFleetRig, WITHIN } from './browser-fleet-rig.ts';

/** The Containers and Ledger pages over the real product: by role and label, in both languages, under axe. */
const executable = await findChromium();

describe.skipIf(executable === null)('the pages of the fleet', () => {
  let rig: FleetRig;
  beforeAll(async () => {
    rig = await startFleetRig('fleet', executable!);
  }, 120_000);
  afterAll(() => rig?.close());
  beforeEach(async () => {
    await rig.page.setViewportSize({ width: 1280, height: 800 });
    await rig.remember({ theme: 'light', language: 'en' });
  });
  afterEach(() => expect(rig.watched.faults).toEqual([]));

  const open = async (path: string) => {
    await rig.page.goto(path);
    await rig.grid.waitFor();
  };
  const names = () => rig.grid.getByRole('rowheader').allInnerTexts();
  const count = () => rig.grid.getByRole('rowheader').count();
  const param = (key: string) => new URL(rig.page.url()).searchParams.getAll(key);
  const button = (name: string | RegExp) => rig.page.getByRole('button', { name });
  const details = (name: string) => rig.page.getByRole('region', { name: `Details of ${name}` });

  test('a container is a row with state, version, ages, rate, delay, what was dropped and read', async () => {
    await open('/containers');
    await expect.poll(count, WITHIN).toBe(15);
    const cells = async (name: RegExp) => {
      const heads = await rig.grid.getByRole('columnheader').allInnerTexts();
      const row = rig.row(name).first();
      const values = [
        await row.getByRole('rowheader').innerText(),
        ...(await row.getByRole('gridcell').allInnerTexts()),
      ];
      return Object.fromEntries(heads.map((head, n) => [head.replace(/ [↑↓]$/, ''), values[n]]));
    };
    expect(await cells(/^shop-order box-2/)).toMatchObject({
      Env: 'prod',
      Host: 'browser-host',
      State: 'running',
      Version: '1.4.2',
      Restarts: '0',
      Dropped: expect.stringMatching(/^\d+ B$/),
      Read: expect.stringMatching(/kB$/),
    });
    // 120 lines in the last minute are 2 a second; the page may be slower than the minute.
    expect(['2.0', '0']).toContain((await cells(/^shop-order box-1/))['Lines/s']);
    expect(await cells(/^search-api/)).toMatchObject({ State: 'running\nbehind', 'Lines/s': '–', Delay: '2 m' });
    expect(await cells(/^notify/)).toMatchObject({ State: 'restarting\nexit 127', Restarts: '41' });
    expect(await cells(/^pay/)).toMatchObject({ State: 'exited\nout of memory' });
  });

  test('filter by typing, states by chips, order by heads: all kept in the link', async () => {
    await open('/containers');
    const field = rig.page.getByRole('searchbox', { name: /^Filter by app/ });
    await rig.page.keyboard.press('/');
    await rig.page.keyboard.type('host:bj* -app:ca* n');
    await expect.poll(names, WITHIN).not.toContain('cart cart-1');
    await field.fill('state:removed');
    await expect.poll(names, WITHIN).toEqual(['cart cart-1', 'nightly nightly-9']);
    await expect.poll(() => param('q'), WITHIN).toEqual(['state:removed']);
    await field.fill('cart');
    await button(/^removed 1$/).click();
    await expect.poll(count, WITHIN).toBe(1);
    expect(param('show')).toEqual(['removed']);
    await button(/^removed 1$/).click();
    await field.fill('');
    await expect.poll(count, WITHIN).toBe(15);

    await button('Restarts').click();
    await expect.poll(async () => (await names())[0], WITHIN).toBe('notify notify-4');
    expect(await rig.grid.getByRole('columnheader', { name: 'Restarts' }).getAttribute('aria-sort')).toBe('descending');
    await button('Restarts').click();
    await expect.poll(async () => (await names()).at(-1), WITHIN).toBe('notify notify-4');
    expect([param('sort'), param('dir')]).toEqual([['restarts'], ['asc']]);
    await rig.page.reload();
    await expect.poll(async () => (await names()).at(-1), WITHIN).toBe('notify notify-4');
    await rig.page.goBack();
    await expect.poll(async () => (await names())[0], WITHIN).toBe('notify notify-4');

    await button(/^Needs attention 6$/).click();
    await expect.poll(count, WITHIN).toBe(6);
    await field.fill('nothing like it');
    await rig.page.getByRole('heading', { name: 'No container matches.' }).waitFor();
    expect(await rig.violations()).toEqual([]);
    await button('Show all').click();
    await expect.poll(count, WITHIN).toBe(15);
  });

  test('the end of a container is explained, and its logs are around it', async () => {
    await open('/containers');
    await button('Details of coupon-3').click();
    const text = () => details('coupon-3').innerText();
    await expect.poll(text, WITHIN).toContain('stopped on request');
    expect(await text()).toContain('It was ended by SIGTERM (exit code 143).');
    expect(await text()).toContain('Somebody asked for it');
    expect(param('open')).toEqual([idOf(3)]);
    const link = await details('coupon-3').getByRole('link', { name: 'Logs around its end' }).getAttribute('href');
    const asked = new URL(link!, 'http://x').searchParams;
    expect(asked.get('query')).toBe(`app:coupon env:prod instance:coupon-3 container:${idOf(3).slice(0, 12)}`);
    const end = rig.now - 12 * 60e6;
    expect(Date.parse(asked.get('from')!) * 1000).toBeLessThan(end);
    expect(Date.parse(asked.get('to')!) * 1000).toBeGreaterThan(end);
    await rig.page.keyboard.press('Escape');
    await details('coupon-3').waitFor({ state: 'detached' });

    await open('/containers?q=app:cart&show=removed');
    await button('Details of cart-1').click();
    await expect
      .poll(() => details('cart-1').innerText(), WITHIN)
      .toContain('It was removed by a deploy: cart-8 (version 1.4.2) took its place.');
    await open('/containers?q=app:pay');
    await button('Details of pay-1').click();
    await expect
      .poll(() => details('pay-1').innerText(), WITHIN)
      .toContain('ran out of memory and the kernel killed it');
    await details('pay-1').getByRole('link', { name: 'Open in the ledger' }).click();
    await expect.poll(names, WITHIN).toEqual([expect.stringContaining('pay-1')]);

    await rig.remember({ theme: 'dark', language: 'zh' });
    await open('/containers?q=app:pay');
    await button('pay-1 的详情').click();
    await expect
      .poll(() => rig.page.getByRole('region', { name: 'pay-1 的详情' }).innerText(), WITHIN)
      .toContain('内存用尽，被内核杀掉（退出码 137）。');
  });

  test('by keys alone: rows, details, logs', async () => {
    await open('/containers');
    await rig.page.keyboard.press('j');
    await rig.page.keyboard.press('j');
    await rig.page.keyboard.press('Enter');
    await details('coupon-3').waitFor();
    await rig.page.keyboard.press('Enter');
    await details('coupon-3').waitFor({ state: 'detached' });
    await rig.page.keyboard.press('End');
    const focused = rig.page.locator('[role="row"]:focus');
    await expect.poll(() => focused.innerText(), WITHIN).toContain('nightly');
    await rig.page.keyboard.press('Home');
    await rig.page.keyboard.press('l');
    await rig.page.waitForURL(/\/logs\?query=app/);
  });

  test('a refresh moves no row that is pointed at, and shows the new figures', async () => {
    await open('/containers?sort=restarts');
    const before = await names();
    await rig.row(/^coupon/).hover();
    const { containers } = rig.status();
    const restarted = containers.map((one) => (one.app === 'coupon' ? { ...one, restarts: 99 } : one));
    await rig.send(rig.status({ containers: restarted }));
    await rig
      .row(/^coupon/)
      .filter({ hasText: '99' })
      .waitFor();
    expect(await names()).toEqual(before);
    await button('Sort again').click();
    await expect.poll(async () => (await names())[0], WITHIN).toBe('coupon coupon-3');
    await rig.send(rig.status());
  });

  test('when the server does not answer, what was there stays, and says since when', async () => {
    await open('/containers');
    await rig.page.route('**/api/v1/containers*', (route) => route.abort());
    await rig.page.getByRole('alert').getByText('Not refreshed since').waitFor();
    expect(await count()).toBe(15);
    await rig.page.unroute('**/api/v1/containers*');
    await rig.page.getByRole('alert').getByRole('button', { name: 'Try again' }).click();
    await rig.page.getByRole('alert').waitFor({ state: 'detached' });
    await rig.page.route('**/api/v1/ledger*', (route) => route.abort());
    await rig.page.goto('/ledger');
    await button('Try again').waitFor();
    expect(await rig.violations()).toEqual([]);
    await rig.page.unroute('**/api/v1/ledger*');
    await button('Try again').click();
    await rig.grid.waitFor();
  });

  test('nothing there yet says what to do', async () => {
    for (const [path, title] of [
      ['containers', 'No container is known yet.'],
      ['ledger', 'No file has been read yet.'],
    ]) {
      const empty = { json: { items: [], next: null, notes: [] } };
      await rig.page.route(`**/api/v1/${path}*`, (route) => route.fulfill(empty));
      await rig.page.goto(`/${path}`);
      await rig.page.getByRole('heading', { name: title }).waitFor();
      await rig.page.getByText('npx fleetlog doctor').waitFor();
      expect(await rig.violations()).toEqual([]);
      await rig.page.unroute(`**/api/v1/${path}*`);
    }
  });

  test('the ledger tells what is behind and why, and what to do', async () => {
    await open('/ledger');
    const panel = rig.page.getByRole('region', { name: 'What is behind, and why' });
    await expect.poll(() => panel.innerText(), WITHIN).toContain('The collector may not read this file.');
    expect(await panel.innerText()).toContain('Lines were sent, and bus and store have not confirmed them.');
    await panel.getByRole('button', { name: 'Show files: may not be read' }).click();
    await expect.poll(names, WITHIN).toEqual([expect.stringContaining('ledger-db-10')]);
    expect(param('q')).toEqual(['cause:"denied"']);
    await button(/^Details of ledger-db-10/).click();
    await rig.page.getByText('EACCES: permission denied, open').waitFor();
    await open('/ledger?q=nightly');
    await button(/^Details of nightly-9/).click();
    const text = await rig.page.getByRole('region', { name: /^Details of nightly-9/ }).innerText();
    expect(text).toContain('compressed file damaged 12 kB');
    await open('/ledger?q=app:订单服务');
    await expect.poll(() => rig.row(/^订单服务-12/).innerText(), WITHIN).toContain('too old +2');
    await button(/^Details of 订单服务-12/).click();
    const reasons = await rig.page.getByRole('region', { name: /^Details of 订单服务-12/ }).innerText();
    expect(reasons.replace(/\s+/g, ' ')).toContain('too old 60 B Older than the retention keeps.');
  });

  test('the ledger by host and by app: sums that add up, and the way to their files', async () => {
    await open('/ledger');
    await expect.poll(count, WITHIN).toBe(15);
    await rig.page.getByText('Every byte is accounted for.').waitFor();
    await button('Hosts').click();
    await expect.poll(async () => (await names()).sort(), WITHIN).toEqual(['bj-h02', 'browser-host']);
    expect(param('by')).toEqual(['host']);
    const host = await rig.row('bj-h02').innerText();
    expect(host).toContain('waiting on the bus 1');
    expect(host).toContain('11 kB');
    await button('Apps').click();
    await expect.poll(names, WITHIN).toContain('shop-order prod');
    await rig.grid.getByRole('button', { name: 'shop-order', exact: true }).click();
    await expect.poll(count, WITHIN).toBe(2);
    expect(param('q')).toEqual(['app:"shop-order" env:"prod"']);
    await button(/^Dropped 1$/).click();
    await expect.poll(names, WITHIN).toEqual([expect.stringContaining('box-2')]);
  });

  test('no violation on either page, in any theme, language or width', { timeout: 120_000 }, async () => {
    const bad: string[] = [];
    for (const theme of ['light', 'dark'])
      for (const [language, phone] of [
        ['en', false],
        ['zh', true],
      ] as const) {
        await rig.remember({ theme, language });
        await rig.page.setViewportSize(phone ? { width: 390, height: 844 } : { width: 1280, height: 800 });
        for (const path of [
          '/containers',
          `/containers?open=${idOf(1)}`,
          '/ledger',
          '/ledger?by=app',
          '/ledger?show=lost',
        ]) {
          await open(path);
          for (const one of await rig.violations()) bad.push(`${path} ${theme} ${language}: ${one}`);
          const wider = await rig.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
          if (wider > 0) bad.push(`${path} ${language}: ${wider} px wider than the window`);
        }
      }
    expect(bad).toEqual([]);
  });

  test('hundreds of containers: all in the list, more on demand', async () => {
    const { containers } = rig.status();
    const crowd = Array.from({ length: 600 }, (_, n) => ({
      ...containers[7],
      container: idOf(5_000 + n),
      app: `crowd-${n % 40}`,
      instance: `crowd-${n}`,
      containerName: `crowd-${n}`,
    }));
    await rig.send(rig.status({ containers: [...containers, ...crowd] }));
    await open('/containers');
    await rig.page.getByText('615 containers').waitFor();
    await expect.poll(count, WITHIN).toBe(500);
    await button('Show 115 more').click();
    await expect.poll(count, WITHIN).toBe(615);
    await rig.page.getByRole('searchbox').fill('crowd-599');
    await expect.poll(names, WITHIN).toEqual(['crowd-39 crowd-599']);
    // A link to a row far down shows it.
    await open(`/containers?open=${idOf(5_599)}&sort=env`);
    await details('crowd-599').waitFor();
  });
});
