import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { cannotInstall, findCommand, installPackages } from './apt.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const ELSEWHERE = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

/**
 * Path of a Chromium for playwright-core, with fonts for Chinese where they can be had; installed by apt when none is there.
 * Null (and the reason on standard error) when there is none; throws instead when `CI=true`.
 */
export async function findChromium(): Promise<string | null> {
  try {
    if (!installed()) installPackages(['chromium', 'fonts-noto-cjk']);
    else if (!hasChineseFont() && cannotInstall() === null) installPackages(['fonts-noto-cjk']);
  } catch (error) {
    // Without the font, pages still work: only pictures show boxes.
    if (installed()) return installed();
    const message = `no Chromium: ${(error as Error).message}; install chromium or google-chrome`;
    if (process.env.CI === 'true') throw new Error(message, { cause: error });
    process.stderr.write(`SKIPPED browser tests: ${message}\n`);
    return null;
  }
  return installed();
}

function installed(): string | null {
  return findCommand(...NAMES) ?? ELSEWHERE.find((path) => existsSync(path)) ?? null;
}

function hasChineseFont(): boolean {
  if (process.platform !== 'linux') return true;
  const { status, stdout } = spawnSync('fc-list', [':lang=zh'], { encoding: 'utf8' });
  return status === 0 && stdout.trim() !== '';
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const path = await findChromium();
  process.stdout.write(`${path ?? 'none'}\n`);
  process.exitCode = path ? 0 : 1;
}
