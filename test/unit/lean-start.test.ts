import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const LEAN = new URL('../../bin/lean.mjs', import.meta.url).href;

interface Start {
  platform: string;
  args: string[];
  execArgv: string[];
  env: NodeJS.ProcessEnv;
}

const { leanStart } = (await import(LEAN)) as {
  leanStart(start: Start): Pick<Start, 'execArgv' | 'env'> | null;
};

const asked: Start = { platform: 'linux', args: ['start'], execArgv: ['--import', 'x'], env: { HOME: '/h' } };

describe('a service', () => {
  test('is started with few memory pools, and keeps what it was given', () => {
    const lean = leanStart(asked);
    expect(lean?.execArgv.slice(-2)).toEqual(['--import', 'x']);
    expect(lean?.env).toMatchObject({ HOME: '/h', MALLOC_ARENA_MAX: '2' });
    // The second time there is nothing left to do.
    expect(leanStart({ ...asked, env: lean?.env ?? {} })).toBeNull();
  });

  test('is left as it is where somebody chose otherwise, or it is none', () => {
    expect(leanStart({ ...asked, args: ['search', 'x'] })).toBeNull();
    expect(leanStart({ ...asked, platform: 'darwin' })).toBeNull();
    expect(leanStart({ ...asked, env: { MALLOC_ARENA_MAX: '8' } })).toBeNull();
    expect(leanStart({ ...asked, env: { NODE_CHANNEL_FD: '3' } })).toBeNull();
    const flags = ['--max-semi-space-size=64'];
    expect(leanStart({ ...asked, execArgv: flags })?.execArgv).toEqual(flags);
  });

  test.skipIf(process.platform !== 'linux')('starts anew in the same process, outputs and exit code included', () => {
    const dir = mkdtempSync(join(tmpdir(), 'fleetlog-lean-'));
    try {
      const file = join(dir, 'command.mjs');
      writeFileSync(
        file,
        `import { startLean } from ${JSON.stringify(LEAN)};
         startLean();
         console.log(JSON.stringify([process.pid, process.env.MALLOC_ARENA_MAX ?? '', process.argv.slice(2)]));
         process.exitCode = 7;`,
      );
      const { MALLOC_ARENA_MAX: _, MALLOC_TRIM_THRESHOLD_: __, NODE_CHANNEL_FD: ___, ...env } = process.env;
      const run = (...args: string[]) => spawnSync(process.execPath, [file, ...args], { env, encoding: 'utf8' });
      const started = run('start', '--config', 'a b');
      expect(started.status).toBe(7);
      expect(JSON.parse(started.stdout)).toEqual([started.pid, '2', ['start', '--config', 'a b']]);
      expect(JSON.parse(run('search').stdout)[1]).toBe('');
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
