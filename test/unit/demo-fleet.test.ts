import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { rotatedLines } from '../../bench/docker-lines.ts';
import { startDemo } from '../../cli/demo/demo.ts';
import { logPath, pidOf } from '../../cli/demo/docker-files.ts';
import type { DemoContainer } from '../../cli/demo/fleet.ts';
import { cgroupDirOf, procDirOf } from '../../cli/demo/host-files.ts';
import { createMadeUpFleet, type MadeUpFleet } from '../../cli/demo/made-up-fleet.ts';
import { createContainerReader } from '../../collector/stats/container-reader.ts';
import { readHost } from '../../collector/stats/host.ts';
import type { SampleRow } from '../../model/batch.ts';
import type { Source } from '../../model/source.ts';

const FROM = Date.UTC(2026, 10, 21, 10);
let dir: string;
let fleet: MadeUpFleet | null = null;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'fleetlog-fleet-'));
});
afterEach(() => {
  fleet?.close();
  fleet = null;
  rmSync(dir, { recursive: true, force: true });
});

const open = (linesPerSecond = 200, limits?: { maxBytes: number; maxFiles: number }): MadeUpFleet =>
  (fleet = createMadeUpFleet({ dir, seed: 4, linesPerSecond, from: FROM, limits }));
const config = (
  id: string,
): { Name: string; RestartCount: number; State: Record<string, unknown>; Config: { Image: string } } =>
  JSON.parse(readFileSync(join(dir, id, 'config.v2.json'), 'utf8'));
const linesOf = (containersDir: string, id: string): number => [...rotatedLines(logPath(containersDir, id))].length;
const texts = (id: string): string[] => [...rotatedLines(logPath(dir, id))].map((line) => line.text);

function pass(ms: number): void {
  const until = fleet!.now + ms;
  while (fleet!.now < until) fleet!.advance(Math.min(until, fleet!.now + 1_000));
}

it('writes about as many lines as asked for, in every container, times never going back', () => {
  open();
  pass(120_000);
  expect(fleet!.lines).toBeGreaterThan(0.6 * 120 * 200);
  expect(fleet!.lines).toBeLessThan(2 * 120 * 200);
  for (const container of fleet!.containers()) {
    const lines = [...rotatedLines(logPath(dir, container.id))];
    const times = lines.map((line) => Date.parse(line.time));
    expect(times).toEqual([...times].sort((a, b) => a - b));
  }
});

it('shows an OOM kill in the config, stays silent for a moment and comes back', () => {
  open();
  pass(10_000);
  const { container } = fleet!.strike('oom');
  expect(config(container.id).State).toMatchObject({ Running: false, OOMKilled: true, ExitCode: 137 });
  const before = texts(container.id).length;
  fleet!.advance(fleet!.now + 1_000);
  expect(texts(container.id)).toHaveLength(before);
  fleet!.advance(fleet!.now + 1_000);
  expect(config(container.id)).toMatchObject({ RestartCount: 1, State: { Running: true } });
  expect(texts(container.id).length).toBeGreaterThan(before);
});

it('deploys as docker compose does: a new container and image, the old one gone after a while', () => {
  open();
  pass(5_000);
  const { container: old } = fleet!.strike('deploy');
  expect(config(old.id).State).toMatchObject({ Running: false, ExitCode: 143 });
  const successor = fleet!.containers().find((c) => c.name === old.name)!;
  expect(successor.id).not.toBe(old.id);
  expect(config(successor.id).Config.Image).not.toBe(config(old.id).Config.Image);
  pass(31_000);
  expect(existsSync(join(dir, old.id))).toBe(false);
  expect(texts(successor.id).length).toBeGreaterThan(2);
});

it('keeps the disk bounded', () => {
  open(2_000, { maxBytes: 20_000, maxFiles: 2 });
  pass(60_000);
  for (const container of fleet!.containers()) {
    expect(
      readdirSync(join(dir, container.id)).filter((name) => name.includes('-json.log')).length,
    ).toBeLessThanOrEqual(2);
  }
});

it('goes on with what an earlier run left, deploys included, without going back in time', () => {
  open();
  pass(5_000);
  fleet!.strike('deploy');
  const names = fleet!.containers().map((c) => c.id);
  fleet!.close();
  const again = createMadeUpFleet({ dir, seed: 4, linesPerSecond: 50, from: FROM });
  fleet = again;
  expect(again.containers().map((c) => c.id)).toEqual(names);
  expect(readdirSync(dir).sort()).toEqual([...names].sort());
  expect(again.now).toBeGreaterThanOrEqual(FROM);
});

it('refuses a directory that holds real containers', async () => {
  const real = join(dir, 'containers', 'abc');
  mkdirSync(real, { recursive: true });
  writeFileSync(join(real, 'config.v2.json'), '{"ID":"abc","Name":"/db"}');
  await expect(startDemo({ dir: join(dir, 'containers'), linesPerSecond: 1 })).rejects.toMatchObject({
    code: 'bad_config',
  });
  expect(existsSync(join(real, 'config.v2.json'))).toBe(true);
});

it('writes the history first and then goes on live', async () => {
  const progress: number[] = [];
  const demo = await startDemo({
    dir: join(dir, 'demo'),
    linesPerSecond: 300,
    backfillMinutes: 2,
    onProgress: (done, total) => progress.push(done / total),
  });
  expect(progress.at(-1)).toBe(1);
  const size = (): number =>
    readdirSync(demo.containersDir)
      .filter((id) => id.length === 64)
      .reduce((sum, id) => sum + linesOf(demo.containersDir, id), 0);
  const before = size();
  expect(before).toBeGreaterThan(300 * 60);
  await expect.poll(size, { timeout: 10_000 }).toBeGreaterThan(before);
  await demo.close();
});

it('shows figures that the collector’s own code reads, and they grow, stay and begin anew as real ones do', async () => {
  const hostDir = join(dir, 'host');
  fleet = createMadeUpFleet({ dir: join(dir, 'figures'), seed: 1, linesPerSecond: 40, from: 0, hostDir });
  const clock = { nowUs: () => fleet!.now * 1000, monotonicMs: () => fleet!.now };
  const config = { procDir: procDirOf(hostDir), cgroupDir: cgroupDirOf(hostDir), statsFrom: 'cgroup' as const };
  const reader = createContainerReader({ config, engine: null, clock, hostMemory: () => undefined });
  const read = async (one: DemoContainer, startedAt: number): Promise<SampleRow['values'] | undefined> => {
    const running = { id: one.id, startedAt, restarts: 0, pid: pidOf(one), source: {} as Source, docker: true };
    await reader.begin([running]);
    return (await reader.read(running))?.values;
  };
  const pass = (ms: number): void => {
    fleet!.advance(fleet!.now + ms);
    fleet!.measure();
  };
  fleet.measure();
  pass(60_000);
  const before: (SampleRow['values'] | undefined)[] = [];
  for (const one of fleet.containers()) before.push(await read(one, 1));
  pass(60_000);
  for (const [at, one] of fleet.containers().entries()) {
    const [then, now] = [before[at]!, (await read(one, 1))!];
    for (const figure of ['cpu_seconds', 'cpu_periods', 'net_rx_bytes', 'disk_write_bytes'] as const)
      expect(now[figure], `${figure} of ${one.name}`).toBeGreaterThan(then[figure]!);
    expect(now.memory_bytes).toBeGreaterThan(1 << 20);
    expect(now.memory_bytes).toBeLessThan(now.memory_limit_bytes!);
    expect(now.cpu_seconds! - then.cpu_seconds!).toBeLessThanOrEqual(60 * now.cpu_limit_cores!);
  }
  const host = await readHost(config.procDir, []);
  expect(host).toMatchObject({ cpu_cores: 16, memory_total_bytes: 64 * 2 ** 30 });
  expect(host.cpu_seconds).toBeGreaterThan(60);
  const { container } = fleet.strike('restart');
  fleet.measure();
  expect(await read(container, 1)).toBeUndefined();
  pass(2_000);
  pass(2_000);
  expect((await read(container, 2))!.cpu_seconds).toBeLessThan(10);
});
