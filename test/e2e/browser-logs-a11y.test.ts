import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { findChromium } from '../servers/chromium.ts';
import { startProductWithPage } from './browser-harness.ts';
import { type Rig, startRig } from './browser-logs-rig.ts';

/** Every state of the Logs page under axe-core, in both themes and languages and on a phone; and what the page weighs. */
const executable = await findChromium();
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Bytes of script, gzipped, that the Logs page loads before anything is clicked. */
const SCRIPT_LIMIT = 200 * 1024;

interface Violation {
  id: string;
  nodes: { html: string; failureSummary: string }[];
}

describe.skipIf(executable === null)('the Logs page for everybody', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig('a11y', executable!);
  }, 120_000);
  afterAll(() => rig?.close());
  afterEach(() => expect(rig.watched.faults).toEqual([]));

  const violations = async (): Promise<string[]> => {
    // Injected as code of the test: the page's policy forbids inline scripts, and stays as it is.
    await rig.page.evaluate(AXE);
    const found = await rig.page.evaluate(async () => {
      const { axe } = window as unknown as { axe: { run(options: object): Promise<{ violations: Violation[] }> } };
      return (await axe.run({ resultTypes: ['violations'] })).violations;
    });
    return found.map((one) => {
      const [first] = one.nodes;
      return `${one.id} ×${one.nodes.length}: ${first.html.slice(0, 200)} | ${first.failureSummary.slice(0, 300)}`;
    });
  };
  const press =
    (...keys: string[]) =>
    async () => {
      for (const key of keys) await rig.page.keyboard.press(key);
    };
  const click = (name: string | RegExp) => () => rig.page.getByRole('button', { name }).first().click();
  const settled = async () => {
    await rig.page.waitForLoadState('networkidle');
    await rig.page.evaluate(() => document.fonts.ready.then(() => {}));
  };
  const STATES: [string, string, (() => Promise<unknown>)?][] = [
    ['rows with events', '/logs?query=env:prod'],
    ['an open line', '/logs?query=app:risk status:503', press('j', 'Enter')],
    [
      'figures of a line',
      '/logs?query=app:risk status:503',
      async () => {
        await press('j', 'Enter')();
        await click('Stats')();
      },
    ],
    ['context', '/logs?query=创建订单失败', press('j', 'c')],
    ['nothing found', '/logs?query=app:Shop-Order'],
    ['a mistake', '/logs?query=(a OR'],
    [
      'completion',
      '/logs',
      async () => {
        await rig.query.click();
        await rig.query.fill('level:');
        await rig.page.getByRole('option').first().waitFor();
      },
    ],
    ['time', '/logs', click('Time range')],
    ['views', '/logs', click('Saved views')],
    ['columns', '/logs', click('Columns')],
    ['export', '/logs', click('Export')],
    ['commands', '/logs', press('Control+k')],
    ['keys', '/logs', press('?')],
    ['table and comparison', '/logs?compare=1&by=app', click('Table')],
    ['patterns', '/logs?query=env:prod&tab=patterns'],
    ['explain', '/logs?tab=explain'],
    ['live', '/logs?live=1&query=app:risk'],
    [
      'live, paused with lines waiting',
      '/logs?live=1&query=app:(risk OR axe)',
      async () => {
        await rig.page.getByRole('log').getByRole('row').first().waitFor();
        await press('p')();
        const flood = Array.from({ length: 10_100 }, (_, n) => `ERROR ${n} waits`);
        rig.product.write({ app: 'axe', env: 'test' }, flood);
        await rig.page.getByRole('button', { name: /^10,000 new/ }).waitFor();
        await rig.page.getByText(/skipped [1-9]/).waitFor();
        await rig.page.keyboard.press('End');
        await rig.page.getByRole('log').getByRole('button', { name: 'open as search' }).first().waitFor();
        await press('p')();
        rig.product.write({ app: 'axe', env: 'test' }, ['ERROR waits']);
        await rig.page.getByRole('button', { name: /^1 new/ }).waitFor();
      },
    ],
    [
      'a word',
      '/logs?query=app:gateway',
      async () => {
        const cell = rig.rows().first().locator('[data-words]');
        await cell.click({ position: { x: 60, y: 10 } });
        await rig.page.getByRole('menu').waitFor();
      },
    ],
    [
      'fields of the lines',
      '/logs?query=app:risk',
      async () => {
        await rig.query.click();
        await rig.query.fill('app:risk sta');
        await rig.page.getByRole('option', { name: /^status number/ }).waitFor();
      },
    ],
    [
      'pinned',
      '/logs?query=app:risk',
      async () => {
        await press('j', 'x')();
        await rig.page.getByRole('region', { name: 'Pinned lines' }).waitFor();
      },
    ],
    [
      'an error of the server',
      '/logs',
      async () => {
        await rig.page.route('**/api/v1/logs?*', (route) =>
          route.fulfill({
            status: 503,
            json: { error: { code: 'store_down', message: 'the store cannot be reached' } },
          }),
        );
        await rig.run('app:risk');
        await rig.page.getByRole('button', { name: 'Try again' }).waitFor();
        await rig.page.unrouteAll({ behavior: 'wait' });
      },
    ],
  ];
  const walk = async (states: typeof STATES) => {
    const bad: string[] = [];
    for (const [name, path, act] of states) {
      await rig.page.goto(path);
      await rig.page.getByRole('main').waitFor();
      if (path.includes('query=') && !path.includes('live=1')) await settled();
      await act?.();
      if (!path.includes('live=1')) await settled();
      for (const one of await violations()) bad.push(`${name}: ${one}`);
    }
    return bad;
  };
  const remember = (change: object) =>
    rig.page.evaluate((kept) => localStorage.setItem('fleetlog.preferences', JSON.stringify(kept)), change);

  test('no violation in any state, light, in English', { timeout: 240_000 }, async () => {
    await remember({ theme: 'light', language: 'en' });
    expect(await walk(STATES)).toEqual([]);
  });

  test('none in the dark', { timeout: 240_000 }, async () => {
    await remember({ theme: 'dark', language: 'en' });
    expect(await walk(STATES)).toEqual([]);
  });

  test('none before the first line', { timeout: 240_000 }, async () => {
    const fresh = await startProductWithPage('a11y-fresh', (config) => {
      config.auth.mode = 'none';
    });
    const { url } = rig.product.fleetlog;
    for (const theme of ['light', 'dark']) {
      await rig.page.goto(`${fresh.fleetlog.url}/logs`);
      await remember({ theme, language: 'en' });
      await rig.page.reload();
      await rig.page.getByRole('heading', { name: 'No containers yet' }).waitFor();
      await rig.page.getByRole('button', { name: 'Copy', exact: true }).first().click();
      expect(await rig.page.evaluate(() => navigator.clipboard.readText())).toContain('npx fleetlog docker-proxy');
      expect(await violations()).toEqual([]);
    }
    await rig.page.goto(`${url}/logs`);
    await fresh.close();
  });

  test('none in Chinese, nor on a phone', { timeout: 240_000 }, async () => {
    await remember({ theme: 'dark', language: 'zh' });
    const plain = STATES.filter(([, , act]) => act === undefined);
    expect(await walk(plain)).toEqual([]);
    await rig.page.setViewportSize({ width: 390, height: 844 });
    expect(await walk(plain)).toEqual([]);
    await rig.page.setViewportSize({ width: 1280, height: 800 });
    await remember({ theme: 'light', language: 'en' });
  });

  test('what is loaded before anything is clicked stays small, and nothing moves while it loads', async () => {
    const { page } = rig;
    await remember({ theme: 'light', language: 'en' });
    await page.addInitScript(() => {
      Object.assign(window, { shift: 0 });
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries() as (PerformanceEntry & { value: number; hadRecentInput: boolean })[])
          if (!entry.hadRecentInput) (window as unknown as { shift: number }).shift += entry.value;
      }).observe({ type: 'layout-shift', buffered: true });
    });
    const scripts = new Map<string, number>();
    page.on('response', async (response) => {
      if (response.request().resourceType() !== 'script' || response.status() !== 200) return;
      const path = new URL(response.url()).pathname;
      scripts.set(path, 0);
      scripts.set(path, gzipSync(await response.body()).length);
    });
    await page.goto('/logs');
    await rig.rows().first().waitFor();
    await settled();
    const total = [...scripts.values()].reduce((sum, size) => sum + size, 0);
    expect(total).toBeGreaterThan(50_000);
    expect(total, JSON.stringify([...scripts])).toBeLessThanOrEqual(SCRIPT_LIMIT);
    expect(await page.evaluate(() => (window as unknown as { shift: number }).shift)).toBeLessThan(0.05);
  });
});
