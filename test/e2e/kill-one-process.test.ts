import { expect, it } from 'vitest';
import { dose } from '../doses.ts';
import { cleanUp, describe, KILL_LIMITS, oneProcess, runKills } from '../suites/oracle-kills.ts';

const kills = dose(20, 400);

it(`loses nothing and doubles nothing over ${kills} SIGKILLs of the whole product`, {
  timeout: 240_000 + kills * 10_000,
}, async () => {
  const result = await runKills({
    name: 'one-process',
    kills,
    seed: 101,
    streams: 6,
    linesPerSecond: 2_000,
    limits: { ...KILL_LIMITS, compress: true },
    parts: oneProcess,
  });
  process.stdout.write(describe('kill-one-process', result));
  expect(result).toMatchObject({ lost: 0, twice: 0, bad: 0, disordered: 0, strange: 0, lines: result.written });
  // Nothing fell off the end, so nothing may be declared lost either.
  expect(result.gaps).toBe(0);
  cleanUp(result);
});
