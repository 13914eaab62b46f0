import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page, Route } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findChromium } from '../servers/chromium.ts';
import { openPage, type Running, startBrowser, startProductWithPage } from './browser-harness.ts';
import { startEvents, tellFleet, untilStored, writeFleet } from './browser-logs-fleet.ts';
import { difference, halved, movedPlaces, type Places, settledPlaces } from './browser-pictures.ts';

/**
 * The Logs page in each of its states beside how it looked: where every control stands, and coarsely the picture. `UPDATE=1` keeps what is
 * there now; look at it before it is committed.
 */
const executable = await findChromium();
const UPDATE = process.env.UPDATE === '1';
const KEPT = join(import.meta.dirname, '../fixtures/pictures');
const OUT = join(import.meta.dirname, '../.out');
const PLACES = join(KEPT, 'places.json');
/** A control further away than this, px, has moved. Rounding and another version of the same font stay below. */
const TOLERANCE = 2;
/** So much of a picture may be another: some two hundred of its squares; a line that breaks elsewhere or another surface is more. */
const CHANGED = 0.005;
/** The same by another Chromium: places are what it is held to. */
const DRAWN_ELSEWHERE = 0.05;
/** What the product's lines and the page's clock are set to: 10:42 in Shanghai. */
const NOW = Date.parse('2026-01-15T02:42:00Z');
const HOUR = 'from=2026-01-15T01:45:00Z&to=2026-01-15T02:45:00Z';

interface Look {
  path: string;
  theme: 'light' | 'dark';
  language: 'en' | 'zh';
  phone?: true;
  /** Over a product that has read nothing yet. */
  fresh?: true;
  /** In place of the server's lines. */
  answer?: (route: Route) => Promise<void>;
  /** Brings the page into its state; resolves when it is there. */
  act(page: Page): Promise<unknown>;
}

const row = (text: string) => (page: Page) => page.getByRole('row', { name: text }).first().waitFor();
const shows = (text: string | RegExp) => (page: Page) => page.getByText(text).first().waitFor();
const fails = (route: Route) =>
  route.fulfill({ status: 503, json: { error: { code: 'store_down', message: 'the store cannot be reached' } } });
const pause = async (page: Page) => {
  await page.getByRole('log').getByText('upstream').first().waitFor();
  await page.keyboard.press('p');
  await page.getByText(/^(Paused at|已暂停于)/).waitFor();
};
const context = async (page: Page) => {
  await row('heartbeat 5')(page);
  await page.keyboard.press('j');
  await page.waitForFunction(() => document.activeElement?.getAttribute('role') === 'row');
  await page.keyboard.press('c');
  await page.getByRole('complementary', { name: '上下文' }).getByText('heartbeat 6').first().waitFor();
};

const LOOKS: Record<string, Look> = {
  'results-light-en': { path: '/logs?query=env:prod', theme: 'light', language: 'en', act: row('OOM-killed') },
  'results-dark-zh': { path: '/logs?query=env:prod', theme: 'dark', language: 'zh', act: row('内存溢出被杀') },
  'results-phone-zh': {
    path: '/logs?query=app:risk OR level:error',
    theme: 'light',
    language: 'zh',
    phone: true,
    act: row('创建订单失败'),
  },
  'empty-light-en': {
    path: '/logs?query=app:Shop-Order',
    theme: 'light',
    language: 'en',
    act: shows('app:Shop-Order differs in case'),
  },
  'empty-phone-zh': {
    path: '/logs?query=levle:warn',
    theme: 'dark',
    language: 'zh',
    phone: true,
    act: (page) => page.getByRole('heading', { name: /没有/ }).first().waitFor(),
  },
  'mistake-light-en': {
    path: '/logs?query=(timeout OR',
    theme: 'light',
    language: 'en',
    act: shows('OR has nothing on its right'),
  },
  'error-dark-en': {
    path: '/logs?query=app:risk',
    theme: 'dark',
    language: 'en',
    answer: fails,
    act: (page) => page.getByRole('button', { name: 'Try again' }).waitFor(),
  },
  'tail-paused-dark-en': { path: '/logs?live=1&query=-app:bulk', theme: 'dark', language: 'en', act: pause },
  'tail-paused-phone-zh': {
    path: '/logs?live=1&query=-app:bulk',
    theme: 'light',
    language: 'zh',
    phone: true,
    act: pause,
  },
  'context-light-zh': { path: '/logs?query="heartbeat 5"', theme: 'light', language: 'zh', act: context },
  'patterns-light-en': {
    path: '/logs?query=app:(shop-order OR risk OR gateway)&tab=patterns',
    theme: 'light',
    language: 'en',
    act: row('heartbeat'),
  },
  'explain-dark-zh': {
    path: '/logs?query=-app:bulk&tab=explain&brushFrom=2026-01-15T02:38:00Z&brushTo=2026-01-15T02:42:00Z',
    theme: 'dark',
    language: 'zh',
    act: row('gateway'),
  },
  'first-run-light-en': {
    path: '/logs',
    theme: 'light',
    language: 'en',
    fresh: true,
    act: (page) => page.getByRole('heading', { name: 'No containers yet' }).waitFor(),
  },
  'first-run-phone-zh': {
    path: '/logs',
    theme: 'dark',
    language: 'zh',
    phone: true,
    fresh: true,
    act: shows('npx fleetlog demo'),
  },
};

describe.skipIf(executable === null)('the Logs page looks as it looked', () => {
  let product: Running;
  let empty: Running;
  let browser: Browser;
  let plain: Page;
  const kept = existsSync(PLACES)
    ? (JSON.parse(readFileSync(PLACES, 'utf8')) as { chromium: string; places: Record<string, Places> })
    : { chromium: '', places: {} };
  const major = (version: string) => version.split('.')[0];
  beforeAll(async () => {
    const start = (name: string) =>
      startProductWithPage(name, (config) => {
        config.auth.mode = 'none';
        // Pictures show the same day for ever.
        config.retention.days = 36_500;
      });
    product = await start('pictures');
    empty = await start('pictures-empty');
    writeFleet(product, (minutes) => NOW - minutes * 60_000);
    await tellFleet(await startEvents(product.fleetlog.url, () => NOW * 1000));
    browser = await startBrowser(executable!);
    plain = await browser.newPage();
    const first = await openPage(browser, product.fleetlog.url);
    await untilStored(first.page, HOUR);
    await first.close();
    mkdirSync(KEPT, { recursive: true });
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await product?.close();
    await empty?.close();
    if (UPDATE) writeFileSync(PLACES, `${JSON.stringify(kept, null, 1).replace(/\[\s+([^\]]*?)\s+\]/g, pressed)}\n`);
  });

  async function look({ path, theme, language, phone, fresh, answer, act }: Look) {
    const options: BrowserContextOptions = { reducedMotion: 'reduce', colorScheme: theme };
    if (phone) Object.assign(options, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
    const opened = await openPage(browser, (fresh ? empty : product).fleetlog.url, options);
    const { page } = opened;
    await page.clock.setFixedTime(NOW);
    await page.addInitScript(
      (kept) => localStorage.setItem('fleetlog.preferences', kept),
      JSON.stringify({ theme, language }),
    );
    await page.route(/\/api\/v1\/(?!logs\/tail)/, async (route) => {
      if (answer !== undefined && /\/logs\?/.test(route.request().url())) return answer(route);
      await route.fulfill(await still(route));
    });
    await page.goto(`${path}${path.includes('live=1') || fresh ? '' : `${path.includes('?') ? '&' : '?'}${HOUR}`}`);
    await act(page);
    await page.waitForLoadState(path.includes('live=1') ? 'load' : 'networkidle');
    const places = await settledPlaces(page);
    // What differs from run to run: ports, and when a live view was last complete.
    const mask = [
      page.locator('code', { hasText: '127.0.0.1:' }),
      ...(path.includes('live=1') ? [page.locator('footer')] : []),
    ];
    const picture = await halved(plain, await page.screenshot({ mask, maskColor: '#808080' }));
    expect(opened.faults).toEqual([]);
    await opened.close();
    return { places, picture };
  }

  test.each(Object.keys(LOOKS))('%s', async (name) => {
    const { places, picture } = await look(LOOKS[name]);
    const file = join(KEPT, `${name}.png`);
    if (UPDATE) {
      kept.chromium = browser.version();
      kept.places[name] = places;
      writeFileSync(file, picture);
      return;
    }
    mkdirSync(OUT, { recursive: true });
    writeFileSync(join(OUT, `${name}.png`), picture);
    expect(movedPlaces(kept.places[name] ?? {}, places, TOLERANCE), `beside test/.out/${name}.png`).toEqual([]);
    const most = major(kept.chromium) === major(browser.version()) ? CHANGED : DRAWN_ELSEWHERE;
    expect(await difference(plain, readFileSync(file), picture), `beside test/.out/${name}.png`).toBeLessThan(most);
  });

  test('a button that moved by 6 px, one that is gone, and one of another colour are seen', async () => {
    const name = 'results-light-en';
    const seen = async (change: string) => {
      const act = async (page: Page) => {
        await LOOKS[name].act(page);
        await page.getByRole('button', { name: 'Export' }).evaluate((button, style) => {
          for (const [key, value] of Object.entries(JSON.parse(style) as Record<string, string>))
            button.style.setProperty(key, value);
        }, change);
      };
      const { places, picture } = await look({ ...LOOKS[name], act });
      const pixels = await difference(plain, readFileSync(join(KEPT, `${name}.png`)), picture);
      return { moved: movedPlaces(kept.places[name], places, TOLERANCE), pixels };
    };
    expect((await seen('{"transform":"translateX(6px)"}')).moved).toEqual([expect.stringMatching(/^button Export: /)]);
    expect((await seen('{"visibility":"hidden"}')).moved).toEqual([expect.stringMatching(/^button Export: is gone/)]);
    expect((await seen('{"box-shadow":"0 0 0 60px red"}')).pixels).toBeGreaterThan(CHANGED);
  });
});

/** The server's answer with all that differs from run to run standing still. */
async function still(route: Route) {
  const response = await route.fetch();
  const headers = { ...response.headers(), date: new Date(NOW).toUTCString() };
  if (!/\/logs(\/\w+)?\?/.test(route.request().url()) || !response.ok()) return { response, headers };
  const json = (await response.json()) as { stats?: object; completeTo?: string | null };
  if (json.stats) json.stats = { tookMs: 12, blocksRead: 1, blocksTotal: 1, bytesRead: 48_000 };
  if (json.completeTo !== undefined) json.completeTo = '2026-01-15T02:41:58.000000Z';
  return { response, headers, json };
}

/** Four numbers on one line. */
function pressed(_: string, numbers: string): string {
  return `[${numbers.replace(/\s+/g, ' ')}]`;
}
