import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { dose } from '../doses.ts';
import { cleanUp, describe, KILL_LIMITS, oneProcess, runKills } from '../suites/oracle-kills.ts';

const kills = dose(9, 200);

it(`loses nothing and doubles nothing when every third of ${kills} kills also takes the collector's checkpoints`, {
  timeout: 240_000 + kills * 10_000,
}, async () => {
  let wiped = 0;
  const result = await runKills({
    name: 'checkpoints',
    kills,
    seed: 303,
    streams: 5,
    linesPerSecond: 2_000,
    // Not compressed: a .gz is another file, and what it was before can only be known from a checkpoint.
    limits: KILL_LIMITS,
    parts: oneProcess,
    whileDown(kill, [part]) {
      if (kill % 3 !== 2) return;
      rmSync(join(part.options.dataDir, 'collector'), { recursive: true, force: true });
      wiped++;
    },
  });
  process.stdout.write(describe(`kill-checkpoints (wiped ${wiped} times)`, result));
  expect(wiped).toBeGreaterThan(0);
  expect(result).toMatchObject({ lost: 0, twice: 0, bad: 0, disordered: 0, strange: 0, lines: result.written });
  // Nothing fell off the end, so nothing may be declared lost either.
  expect(result.gaps).toBe(0);
  cleanUp(result);
});
