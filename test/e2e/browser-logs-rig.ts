import type { Browser, Locator, Page } from 'playwright-core';
import { expect } from 'vitest';
import { openPage, type Running, startBrowser, startProductWithPage, type Watched } from './browser-harness.ts';
import { type Happen, startEvents, tellFleet, untilStored, writeFleet } from './browser-logs-fleet.ts';

export const WITHIN = { timeout: 20_000, interval: 100 };

/** The product with a small fleet's lines and events, signed in by nobody, and one page. */
export interface Rig {
  product: Running;
  browser: Browser;
  page: Page;
  watched: Watched;
  /** µs; lines and events stand before it. */
  now: number;
  query: Locator;
  rows(): Locator;
  grid: Locator;
  happen: Happen;
  run(text: string): Promise<void>;
  /** Runs, waits for the count, and leaves the field, so that keys are keys again. */
  find(text: string, lines: string): Promise<void>;
  total(): Promise<string>;
  open(path: string): Promise<void>;
  param(name: string): string | null;
  close(): Promise<void>;
}

export async function startRig(name: string, executable: string): Promise<Rig> {
  const product = await startProductWithPage(name, (config) => {
    config.auth.mode = 'none';
  });
  const now = Date.now() * 1000;
  const ago = (minutes: number) => Math.floor(now / 1000 - minutes * 60_000);
  writeFleet(product, ago);
  const { url } = product.fleetlog;
  const happen = await startEvents(url);
  await tellFleet(happen);

  const browser = await startBrowser(executable);
  const watched = await openPage(browser, url, { acceptDownloads: true });
  const { page } = watched;
  page.setDefaultTimeout(WITHIN.timeout);
  const query = page.getByRole('textbox', { name: 'Query' });
  const grid = page.getByRole('grid', { name: 'Log lines' });
  const rig: Rig = {
    product,
    browser,
    page,
    watched,
    now,
    query,
    grid,
    happen,
    rows: () => grid.getByRole('row'),
    async run(text) {
      await query.fill(text);
      await query.press('Enter');
    },
    async find(text, lines) {
      await rig.run(text);
      await expect.poll(rig.total, WITHIN).toBe(lines);
      await query.press('Escape');
    },
    total: async () => (await page.getByLabel('Lines over time').innerText()).split('\n')[0],
    async open(path) {
      await page.goto(path);
      await query.waitFor();
    },
    param: (key) => new URL(page.url()).searchParams.get(key),
    async close() {
      await browser.close();
      await product.close();
    },
  };
  // Everything is searchable before the first test looks.
  await page.goto('/logs');
  await untilStored(page);
  return rig;
}
