import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDeadLetters, listDeadLetters, redriveDeadLetters } from '../../ingest/dead-letters.ts';

describe('dead letters', () => {
  let dir = '';
  let now = 1_000;
  const open = (maxBytes: number) => createDeadLetters({ dir, maxBytes, nowUs: () => now++ });
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'fleetlog-dead-'));
  });
  afterEach(() => rm(dir, { recursive: true }));

  it('keeps the bytes as they came and says why, over a restart', async () => {
    const letters = await open(1 << 20);
    await letters.bury(Buffer.from([1, 2, 255]), 'its checksum differs');
    expect(await listDeadLetters(dir)).toMatchObject([{ bytes: 3, reason: 'its checksum differs' }]);
    expect((await open(1 << 20)).counts()).toEqual({ buried: 0, evicted: 0, bytes: 3 });
  });

  it('drives them again in order and keeps those that are refused again', async () => {
    const letters = await open(1 << 20);
    for (const n of [1, 2, 3]) await letters.bury(Buffer.from([n]), 'x');
    const offered: number[] = [];
    const result = await redriveDeadLetters(dir, async (batch) => {
      offered.push(batch[0]);
      if (batch[0] === 2) throw new Error('still broken');
    });
    expect(offered).toEqual([1, 2, 3]);
    expect(result).toEqual({ taken: 2, left: 1 });
    expect(await listDeadLetters(dir)).toHaveLength(1);
  });

  it('lets the oldest go beyond its size, counted', async () => {
    const letters = await open(25);
    for (let n = 0; n < 5; n++) await letters.bury(Buffer.alloc(10, n), 'x');
    expect(letters.counts()).toEqual({ buried: 5, evicted: 3, bytes: 20 });
    expect(await listDeadLetters(dir)).toHaveLength(2);
  });
});
