import type { Page } from 'playwright-core';

/** Where every control stands: `role name` → x, y, width, height in px of the window. */
export type Places = Record<string, number[]>;

const CONTROLS = [
  'button, a[href], input, textarea, select, summary, footer, h1, h2, h3',
  '[role="slider"], [role="option"], [role="listbox"], [role="dialog"], [role="grid"], [role="log"], [role="row"]',
  'aside, nav',
].join(', ');

/** Places of what a person can press, write in or find by its role, once two looks in a row agree. */
export async function settledPlaces(page: Page): Promise<Places> {
  await page.evaluate(() => document.fonts.ready.then(() => {}));
  let before = '';
  for (;;) {
    const now = await page.evaluate(readPlaces, CONTROLS);
    const text = JSON.stringify(now);
    if (text === before) return now;
    before = text;
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  }
}

function readPlaces(controls: string): Places {
  const found: Record<string, number[]> = {};
  for (const element of document.querySelectorAll<HTMLElement>(controls)) {
    const { x, y, width, height } = element.getBoundingClientRect();
    // A list that is longer than the window stands where it was scrolled to.
    const hidden =
      width < 1 || height > window.innerHeight || height < 1 || !element.checkVisibility({ visibilityProperty: true });
    if (hidden || y >= window.innerHeight || y + height <= 0) continue;
    const role = element.getAttribute('role') ?? element.tagName.toLowerCase();
    // Text of rows is held by the picture; which row it is, by its order.
    const named = role === 'row' ? '' : (element.getAttribute('aria-label') ?? element.innerText ?? '');
    const name = `${role} ${named.trim().replace(/\s+/g, ' ').slice(0, 32)}`.trim();
    let key = name;
    for (let n = 2; key in found; n += 1) key = `${name} #${n}`;
    found[key] = [x, y, width, height].map(Math.round);
  }
  return found;
}

/** Controls that stand elsewhere than they stood, by more than `tolerance` px, and those that came or went. */
export function movedPlaces(was: Places, now: Places, tolerance: number): string[] {
  const moved: string[] = [];
  for (const name of new Set([...Object.keys(was), ...Object.keys(now)])) {
    const [before, after] = [was[name], now[name]];
    if (before === undefined) moved.push(`${name}: is new at ${after}`);
    else if (after === undefined) moved.push(`${name}: is gone from ${before}`);
    else if (after.some((value, n) => Math.abs(value - before[n]) > tolerance))
      moved.push(`${name}: ${before} → ${after}`);
  }
  return moved;
}

/** A PNG at half its size, each pixel the mean of four: what is kept. */
export function halved(page: Page, png: Buffer): Promise<Buffer> {
  return page
    .evaluate(async (base64) => {
      const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${base64}`)).blob());
      const canvas = new OffscreenCanvas(bitmap.width / 2, bitmap.height / 2);
      canvas.getContext('2d')!.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
      const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/png' })).arrayBuffer());
      return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
    }, png.toString('base64'))
    .then((binary) => Buffer.from(binary, 'latin1'));
}

/**
 * How much of a picture is another: the share (0…1) of squares of 8 px whose mean colour differs by more than 10 of 255 in a channel.
 * Means, so that another version's anti-aliasing is no difference; 1 when the sizes differ. `page` is any page without a policy.
 */
export function difference(page: Page, one: Buffer, other: Buffer): Promise<number> {
  return page.evaluate(
    async (pictures) => {
      const SIDE = 8;
      const pixels = await Promise.all(
        pictures.map(async (base64) => {
          const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${base64}`)).blob());
          const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d')!;
          context.drawImage(bitmap, 0, 0);
          return context.getImageData(0, 0, bitmap.width, bitmap.height);
        }),
      );
      const [a, b] = pixels;
      if (a.width !== b.width || a.height !== b.height) return 1;
      let differing = 0;
      let squares = 0;
      for (let top = 0; top + SIDE <= a.height; top += SIDE) {
        for (let left = 0; left + SIDE <= a.width; left += SIDE) {
          const sums = [0, 0, 0];
          for (let y = top; y < top + SIDE; y += 1)
            for (let x = left; x < left + SIDE; x += 1)
              for (let channel = 0; channel < 3; channel += 1) {
                const at = (y * a.width + x) * 4 + channel;
                sums[channel] += a.data[at] - b.data[at];
              }
          squares += 1;
          if (sums.some((sum) => Math.abs(sum) / SIDE ** 2 > 10)) differing += 1;
        }
      }
      return differing / squares;
    },
    [one.toString('base64'), other.toString('base64')],
  );
}
