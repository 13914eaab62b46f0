import type { Page } from 'playwright-core';

/** What a reader sees of smoothness: time between frames, and tasks that held the page for over 50 ms. */
export interface FrameFigures {
  frames: number;
  /** ms between frames. */
  gaps: number[];
  /** ms. */
  longTasks: number[];
  seconds: number;
  heapBytes: number;
}

interface Watch {
  watchFrames(): void;
  watched(): Omit<FrameFigures, 'heapBytes'>;
  armed(): void;
  answered(): Promise<number>;
}

/** Puts the probes into every document the page opens. */
export async function watchPage(page: Page): Promise<void> {
  await page.addInitScript(() => {
    let gaps: number[] = [];
    let longTasks: number[] = [];
    let began = 0;
    let pressed = Number.POSITIVE_INFINITY;
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) longTasks.push(duration);
    }).observe({ type: 'longtask' });
    addEventListener(
      'keydown',
      (event) => {
        if (event.key === 'Enter') pressed = performance.now();
      },
      true,
    );
    const watch: Watch = {
      watchFrames() {
        gaps = [];
        longTasks = [];
        began = performance.now();
        let last = began;
        const next = (): void => {
          const now = performance.now();
          gaps.push(now - last);
          last = now;
          requestAnimationFrame(next);
        };
        requestAnimationFrame(next);
      },
      watched: () => ({ frames: gaps.length, gaps, longTasks, seconds: (performance.now() - began) / 1000 }),
      armed() {
        pressed = Number.POSITIVE_INFINITY;
        performance.clearResourceTimings();
      },
      answered: () =>
        new Promise((resolve) => {
          const look = (): void => {
            const came = performance
              .getEntriesByType('resource')
              .some((entry) => /\/api\/v1\/logs\?/.test(entry.name) && entry.startTime >= pressed);
            const grid = document.querySelector('[role="grid"][aria-label]');
            const shows =
              grid === null || (grid.getAttribute('aria-busy') !== 'true' && grid.querySelector('[data-id]'));
            if (came && shows) resolve(performance.now() - pressed);
            else requestAnimationFrame(look);
          };
          requestAnimationFrame(look);
        }),
    };
    Object.assign(window, watch);
  });
}

/** A first visit with nothing cached: what came as script, and when the query box and lines stood there. */
export async function loadFigures(
  page: Page,
  url: string,
  ready: (page: Page) => Promise<void>,
): Promise<{ scripts: number; scriptBytes: number; interactive: number }> {
  await page.goto(url, { waitUntil: 'commit' });
  await page.getByRole('textbox', { name: 'Query', exact: true }).waitFor();
  await ready(page);
  return page.evaluate(() => {
    const scripts = performance
      .getEntriesByType('resource')
      .filter((entry) => new URL(entry.name).pathname.endsWith('.js')) as PerformanceResourceTiming[];
    return {
      scripts: scripts.length,
      scriptBytes: scripts.reduce((sum, entry) => sum + entry.encodedBodySize, 0),
      interactive: performance.now(),
    };
  });
}

/** Wheels down until so many lines were loaded, or the end. */
export async function scrollFigures(
  page: Page,
  wanted: number,
  onProgress: (lines: number) => void,
): Promise<FrameFigures & { lines: number }> {
  await page.getByRole('grid', { name: 'Log lines' }).hover();
  await page.evaluate(() => (window as unknown as Watch).watchFrames());
  let lines = 0;
  let still = 0;
  while (lines < wanted && still < 200) {
    // A hand's flick: several screens at a time, as often as the wheel tells.
    for (let i = 0; i < 20; i++) await page.mouse.wheel(0, 12_000);
    const before = lines;
    lines = await loaded(page);
    still = lines === before ? still + 1 : 0;
    onProgress(lines);
  }
  return { ...(await frameFigures(page)), lines };
}

/** What the footer says is loaded. */
async function loaded(page: Page): Promise<number> {
  const text = await page.getByText(/^[\d,]+ of .* lines loaded$/).innerText();
  return Number(/^([\d,]+) of/.exec(text)?.[1].replaceAll(',', ''));
}

export async function tailFigures(page: Page, ms: number): Promise<FrameFigures & { says: string }> {
  await page.evaluate(() => (window as unknown as Watch).watchFrames());
  await page.waitForTimeout(ms);
  const figures = await frameFigures(page);
  return { ...figures, says: await page.getByText(/^shown /).innerText() };
}

async function frameFigures(page: Page): Promise<FrameFigures> {
  const figures = await page.evaluate(() => (window as unknown as Watch).watched());
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('HeapProfiler.collectGarbage');
  const { usedSize } = await cdp.send('Runtime.getHeapUsage');
  return { ...figures, heapBytes: usedSize };
}
