import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { openPage, startBrowser } from '../test/e2e/browser-harness.ts';
import { findChromium } from '../test/servers/chromium.ts';
import { describeData, prepareData } from './data.ts';
import { benchEnvironment, productDir } from './ingest.ts';
import { createWriter } from './latency.ts';
import { drained } from './ledger.ts';
import type { BenchOptions } from './options.ts';
import { type FrameFigures, loadFigures, scrollFigures, tailFigures, watchPage } from './page-figures.ts';
import { startProduct } from './product.ts';
import { gb, mib, quantile, short, thousands } from './report.ts';

/** Words, phrases, fields, levels, Chinese, wildcards, expressions, rare and frequent ones, and what there is none of. */
const QUERIES = [
  'failed',
  'timeout',
  '支付回调处理失败',
  '订单',
  'level:error',
  'level:>=warn',
  'app:shop-order',
  'app:gateway level:error',
  'env:prod failed',
  '"connection refused"',
  'status:503',
  'status:>=500',
  'time*',
  'pay*',
  'failed OR timeout',
  'failed -timeout',
  'level:error -app:gateway',
  'NOT level:info',
  'exception',
  '/time(d )?out/',
  'host:bench 失败',
  'app:shop-* 失败',
  'user',
  'retry',
  'order',
  'GET',
  'zzz_not_there_zzz',
  'level:fatal',
  'cost',
  'java',
];
const TO_SCROLL = 1_000_000;

/** The Logs page in a real Chromium: first load, from Enter to lines, scrolling a million lines, tailing. */
export async function benchPage(options: BenchOptions): Promise<void> {
  const { report } = options;
  report.title('page: Logs in Chromium');
  const executable = await findChromium();
  if (executable === null) throw new Error('this bench needs Chromium');
  const data = await prepareData(options);
  report.line(describeData(data));
  const dir = productDir(options);
  const env = { ...benchEnvironment(data), FLEETLOG_AUTH_MODE: 'none' };
  const product = await startProduct({ dataDir: dir, env, logFile: `${dir}.log` });
  const browser = await startBrowser(executable);
  try {
    await product.ready();
    await drained(product, data.fileBytes, (now) =>
      report.progress(`${gb(now.searchable)} of ${gb(data.fileBytes)} searchable`),
    );
    const range = `from=${new Date(data.from).toISOString()}&to=${new Date(data.to).toISOString()}`;
    const loads = [];
    for (let i = 0; i < 5; i++) loads.push(await firstLoad(`${product.url}/logs?${range}`));
    const walls: [string, number][] = [];
    const { page, close } = await openPage(browser, product.url);
    await watchPage(page);
    await page.goto(`/logs?${range}`);
    await firstRow(page);
    for (const query of QUERIES) walls.push([query, await enterToRows(page, query)]);
    const times = walls.map(([, ms]) => ms);
    const slowest = walls.toSorted((a, b) => b[1] - a[1]).slice(0, 3);
    report.table(
      ['Logs page', 'value'],
      [
        [
          'scripts of the first load, as sent',
          `${(loads[0].scriptBytes / 1000).toFixed(0)} kB in ${loads[0].scripts} files`,
        ],
        [
          'interactive (query box and lines), cold cache, p50 / most',
          pair(loads.map(({ interactive }) => interactive)),
        ],
        [
          `Enter → first lines, ${QUERIES.length} queries, p50 / p95`,
          `${short(quantile(times, 0.5))} / ${short(quantile(times, 0.95))} ms`,
        ],
        ['slowest', slowest.map(([query, ms]) => `${query} ${short(ms)} ms`).join(', ')],
      ],
    );
    await page.goto(`/logs?${range}`);
    await firstRow(page);
    const wanted = Math.min(TO_SCROLL, data.records);
    const scrolled = await scrollFigures(page, wanted, (n) => report.progress(`${thousands(n)} lines scrolled`));
    report.line('');
    frames(options, `scrolling ${thousands(scrolled.lines)} lines by cursor`, scrolled);
    await close();
    await product.stop();

    async function firstLoad(url: string): Promise<Awaited<ReturnType<typeof loadFigures>>> {
      const opened = await openPage(browser, product.url);
      try {
        return await loadFigures(opened.page, url, firstRow);
      } finally {
        await opened.close();
      }
    }
  } finally {
    if (product.alive()) await product.kill();
  }
  try {
    await tail(options, executable);
  } finally {
    await browser.close();
  }

  function pair(values: number[]): string {
    return `${short(quantile(values, 0.5))} / ${short(Math.max(...values))} ms`;
  }
}

async function tail(options: BenchOptions, executable: string): Promise<void> {
  const dir = join(options.dir, 'page-tail');
  const containersDir = join(dir, 'containers');
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(containersDir, { recursive: true });
  const env = { ...benchEnvironment({ containersDir }), FLEETLOG_AUTH_MODE: 'none' };
  const product = await startProduct({ dataDir: join(dir, 'data'), env, logFile: join(dir, 'log') });
  const browser = await startBrowser(executable);
  const writer = createWriter(containersDir, options.seed, options.rate);
  try {
    await product.ready();
    const { page } = await openPage(browser, product.url);
    await watchPage(page);
    await page.goto('/logs?live=1');
    await page.getByRole('log').getByRole('row').first().waitFor();
    const figures = await tailFigures(page, options.seconds * 1000);
    frames(options, `tailing ${thousands(options.rate)} lines/s for ${options.seconds} s`, figures);
    options.report.line(`${figures.says}; ${thousands(writer.lines())} lines written since before the page was opened`);
  } finally {
    await writer.close();
    await browser.close();
    await product.stop();
  }
  rmSync(dir, { recursive: true, force: true });
}

function frames({ report }: BenchOptions, name: string, figures: FrameFigures): void {
  report.table(
    [name, 'value'],
    [
      ['frames/s', short(figures.frames / figures.seconds)],
      ['frame p50 / p95 / p99 / most', [0.5, 0.95, 0.99, 1].map((q) => short(quantile(figures.gaps, q))).join(' / ')],
      [
        'long tasks (over 50 ms), longest',
        `${figures.longTasks.length}, ${short(Math.max(0, ...figures.longTasks))} ms`,
      ],
      ['seconds', short(figures.seconds)],
      ['JS heap after a collection', mib(figures.heapBytes)],
    ],
  );
}

const firstRow = (page: Page): Promise<void> =>
  page.getByRole('grid', { name: 'Log lines' }).getByRole('row').first().waitFor();

/** From the key to the first frame that shows the answer: lines, or that there are none. */
async function enterToRows(page: Page, query: string): Promise<number> {
  const box = page.getByRole('textbox', { name: 'Query', exact: true });
  await box.fill(query);
  await page.evaluate(() => (window as unknown as { armed(): void }).armed());
  await box.press('Enter');
  return page.evaluate(() => (window as unknown as { answered(): Promise<number> }).answered());
}
