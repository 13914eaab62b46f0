import { setInterval as every } from 'node:timers/promises';
import type { Browser, CDPSession } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dose } from '../doses.ts';
import { findChromium } from '../servers/chromium.ts';
import { openPage, type Running, startBrowser, startProductWithPage } from './browser-harness.ts';

/** A tab that is left at the live view all day must not grow. */
const executable = await findChromium();
const LINES_PER_SECOND = 2_000;
const SECONDS = dose(60, 600);
const STEP_MS = 50;
const LOOKS = 12;
/** Looks at the beginning while the view fills to its 5,000 rows and code is compiled. */
const WARM = 3;
/**
 * So much more may be kept at the end than after the warm-up, bytes: what one garbage collection leaves more than another. In the small dose
 * that is 30 bytes a line: a view that kept a line, or its id, would be beyond it.
 */
const GROWTH = 3e6;
/** Nodes: two drawings of the window may be alive at once; one a line would be a hundred thousand. */
const NODES = 2_500;

interface Look {
  heap: number;
  nodes: number;
}

describe.skipIf(executable === null)('a long live view', () => {
  let product: Running;
  let browser: Browser;
  beforeAll(async () => {
    product = await startProductWithPage('memory', (config) => {
      config.auth.mode = 'none';
    });
    browser = await startBrowser(executable!);
  });
  afterAll(async () => {
    await browser?.close();
    await product?.close();
  });

  test(`${SECONDS} s of ${LINES_PER_SECOND} lines/s leave no more behind than the first quarter did`, {
    timeout: SECONDS * 4000 + 120_000,
  }, async () => {
    const { page, faults, close } = await openPage(browser, product.fleetlog.url);
    product.write({ app: 'flow' }, ['INFO flow begins']);
    await page.goto('/logs?live=1&query=app:flow');
    await page.getByRole('log').getByText('flow begins').waitFor();
    const devtools = await page.context().newCDPSession(page);
    const looks: Look[] = [];
    let written = 1;
    const end = performance.now() + SECONDS * 1000;
    let nextLook = 0;
    for await (const _ of every(STEP_MS)) {
      const left = end - performance.now();
      if (left <= 0) break;
      // As many as are due: a machine that was busy catches up.
      const due = Math.floor(((SECONDS * 1000 - left) / 1000) * LINES_PER_SECOND);
      const first = written;
      product.write(
        { app: 'flow' },
        Array.from({ length: Math.max(0, due - first) }, (_, n) => lineOf(first + n)),
      );
      written = Math.max(written, due);
      if (SECONDS * 1000 - left < nextLook) continue;
      nextLook += (SECONDS * 1000) / LOOKS;
      looks.push(await lookAt(devtools));
    }
    // All of it came to this tab: a view that shows nothing grows by nothing.
    const figures = page.getByText(/^shown /);
    const told = async () => Number((/written ([\d,]+)/.exec(await figures.innerText())?.[1] ?? '0').replace(/,/g, ''));
    await expect.poll(told, { timeout: 60_000, interval: 200 }).toBe(written);
    const skipped = Number((/skipped ([\d,]+)/.exec(await figures.innerText())?.[1] ?? '0').replace(/,/g, ''));
    looks.push(await lookAt(devtools));

    const after = looks.slice(WARM);
    const third = Math.floor(after.length / 3);
    const grown = (of: (look: Look) => number) =>
      median(after.slice(-third).map(of)) - median(after.slice(0, third).map(of));
    const seen = looks.map(({ heap, nodes }) => `${(heap / 1e6).toFixed(1)} MB, ${nodes} nodes`).join('; ');
    process.stdout.write(`live view, ${written} lines, ${skipped} skipped: ${seen}\n`);
    expect(looks.length).toBeGreaterThan(WARM + 6);
    expect(skipped).toBeLessThan(written / 2);
    expect(
      grown((look) => look.heap),
      seen,
    ).toBeLessThan(GROWTH);
    expect(
      grown((look) => look.nodes),
      seen,
    ).toBeLessThan(NODES);
    expect(faults).toEqual([]);
    await close();
  });
});

const lineOf = (n: number) =>
  `${n % 50 === 0 ? 'ERROR' : 'INFO'} order ${n} placed orderNo=20261121${n} 支付 channel=ALIPAY cost=${n % 977}ms`;

/** What is alive after a garbage collection. */
async function lookAt(devtools: CDPSession): Promise<Look> {
  await devtools.send('HeapProfiler.collectGarbage');
  const { usedSize } = await devtools.send('Runtime.getHeapUsage');
  const { nodes } = await devtools.send('Memory.getDOMCounters');
  return { heap: usedSize, nodes };
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
