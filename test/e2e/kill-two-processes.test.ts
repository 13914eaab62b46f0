import { expect, it } from 'vitest';
import { dose } from '../doses.ts';
import { cleanUp, describe, giveToken, KILL_LIMITS, runKills, twoProcesses } from '../suites/oracle-kills.ts';

const kills = dose(20, 400);

it(`loses nothing and doubles nothing over ${kills} SIGKILLs of collector, central process, or both`, {
  timeout: 240_000 + kills * 10_000,
}, async () => {
  const result = await runKills({
    name: 'two-processes',
    kills,
    seed: 202,
    streams: 6,
    linesPerSecond: 2_000,
    limits: { ...KILL_LIMITS, compress: true },
    parts: twoProcesses,
    prepare: giveToken,
    victims: (random) => random.pick([[0], [1], [0, 1]]),
  });
  process.stdout.write(describe('kill-two-processes', result));
  expect(result).toMatchObject({ lost: 0, twice: 0, bad: 0, disordered: 0, strange: 0, lines: result.written });
  // Nothing fell off the end, so nothing may be declared lost either.
  expect(result.gaps).toBe(0);
  cleanUp(result);
});
