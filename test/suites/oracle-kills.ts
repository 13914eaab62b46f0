import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, type Product, type ProductOptions, startProduct } from '../../bench/product.ts';
import type { LogLimits } from '../../cli/demo/docker-files.ts';
import { createRandom, type Random } from '../../cli/demo/random.ts';
import { declaredGaps, judge, waitDrained } from './oracle-export.ts';
import type { Tally } from './oracle-line.ts';
import { type WriterPlan, writerContainers } from './writer.ts';
import { startWriterProcess } from './writer-process.ts';

/** One process that may be killed. */
export interface Part {
  name: string;
  options: ProductOptions;
}

export interface KillPlan {
  name: string;
  kills: number;
  seed: number;
  streams: number;
  linesPerSecond: number;
  limits: LogLimits;
  /** Processes of the system under `dir`, the one that is asked at the end first. They start in this order. */
  parts(place: { dir: string; containersDir: string }): Promise<Part[]>;
  /** After the first start, before anything is killed. May change what later starts get. */
  prepare?(products: Product[], parts: Part[]): Promise<void>;
  /** Which parts die this time, as indices; default: all. */
  victims?(random: Random, parts: Part[]): number[];
  /** While the victims are down. */
  whileDown?(kill: number, parts: Part[]): void;
}

export interface KillResult extends Tally {
  kills: number;
  written: number;
  bytes: number;
  rotations: number;
  gaps: number;
  /** Milliseconds from the last start until everything was drained. */
  drainMs: number;
  dir: string;
  seed: number;
}

/**
 * Some file rotates every half second, and nothing falls off the end in the longest run, however slow the machine: these tests are about kills.
 * A file that falls off unread is rightly a gap.
 */
export const KILL_LIMITS: LogLimits = { maxBytes: 256 << 10, maxFiles: 2_000 };

/** A third of the kills come while the process is still starting. */
const EARLY = 0.33;
const EARLY_MS = 900;
const LATE_MS = 1_500;
const DOWN_MS = 200;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Lines are written at a steady rate with rotation while processes of the product are killed and started again; then all is exported
 * and judged. The data stays in `result.dir`; remove it with `cleanUp` when the result is good.
 */
export async function runKills(plan: KillPlan): Promise<KillResult> {
  const out = join(import.meta.dirname, '../.out');
  mkdirSync(out, { recursive: true });
  const dir = mkdtempSync(join(out, `kill-${plan.name}-`));
  const containersDir = join(dir, 'containers');
  const random = createRandom(plan.seed);
  const run = `r${plan.seed}`;
  const writerPlan: WriterPlan = {
    containersDir,
    run,
    streams: plan.streams,
    linesPerSecond: plan.linesPerSecond,
    seed: plan.seed,
    limits: plan.limits,
    oracleFile: join(dir, 'oracle.ndjson'),
  };
  const containers = writerContainers(writerPlan);
  const parts = await plan.parts({ dir, containersDir });
  const start = (part: Part): Promise<Product> => startProduct(part.options);
  mkdirSync(containersDir, { recursive: true });
  let products: Product[] = [];
  const writer = startWriterProcess(writerPlan);
  try {
    for (const part of parts) {
      const product = await start(part);
      products.push(product);
      await product.ready();
      if (product === products[0]) await plan.prepare?.(products, parts);
    }
    for (let kill = 0; kill < plan.kills; kill++) {
      if (random.chance(EARLY)) await pause(random.next() * EARLY_MS);
      else {
        await Promise.all(products.map((product) => product.ready()));
        await pause(random.next() * LATE_MS);
      }
      for (const [i, product] of products.entries()) {
        if (!product.alive())
          throw new Error(`${parts[i].name} ended by itself before kill ${kill + 1}; see ${product.logFile}`);
      }
      const victims = plan.victims?.(random, parts) ?? parts.map((_, i) => i);
      await Promise.all(victims.map((i) => products[i].kill()));
      plan.whileDown?.(kill, parts);
      await pause(random.next() * DOWN_MS);
      for (const i of victims) products[i] = await start(parts[i]);
    }
    const { written, entry } = await writer.stop();
    const began = performance.now();
    await Promise.all(products.map((product) => product.ready()));
    await waitDrained(products[0], containers, written);
    const drainMs = performance.now() - began;
    const tally = await judge(products[0], containers, run, written);
    const gaps = (await declaredGaps(products[0])).length;
    for (const product of products.toReversed()) await product.stop();
    products = [];
    const total = [...written.values()].reduce((sum, last) => sum + last, 0);
    return {
      ...tally,
      kills: plan.kills,
      written: total,
      bytes: entry.bytes,
      rotations: entry.rotations,
      gaps,
      drainMs,
      dir,
      seed: plan.seed,
    };
  } catch (error) {
    throw new Error(`seed ${plan.seed}, kept in ${dir}: ${(error as Error).message}`, { cause: error });
  } finally {
    writer.abandon();
    for (const product of products) if (product.alive()) await product.kill();
  }
}

export function cleanUp(result: KillResult): void {
  rmSync(result.dir, { recursive: true, force: true });
}

/** One line of figures. */
export function describe(name: string, result: KillResult): string {
  const { kills, written, bytes, rotations, lost, twice, bad, disordered, strange, drainMs, gaps } = result;
  return `${name}: ${kills} kills, ${written} lines (${(bytes / 1e6).toFixed(1)} MB, ${rotations} rotations): lost ${lost}, twice ${twice}, bad ${bad}, out of order ${disordered}, strange ${strange}, gaps declared ${gaps}; drained in ${(drainMs / 1000).toFixed(1)} s; seed ${result.seed}\n`;
}

/**
 * Settings under which kills hit what matters: small segments and frequent maintenance, so that many kills fall into a flush, a commit
 * or a merge, and short statuses.
 */
export const KILL_ENVIRONMENT: Record<string, string> = {
  FLEETLOG_STORE_FLUSH_BYTES: String(2 << 20),
  FLEETLOG_RETENTION_MAINTAIN_MS: '1000',
  FLEETLOG_COLLECTOR_HOST: 'kill-host',
  FLEETLOG_COLLECTOR_STATUS_MS: '500',
  FLEETLOG_LOG_LEVEL: 'warn',
};

/** All in one process. */
export async function oneProcess(place: { dir: string; containersDir: string }): Promise<Part[]> {
  return [
    {
      name: 'fleetlog',
      options: {
        dataDir: join(place.dir, 'data'),
        port: await freePort(),
        env: { ...KILL_ENVIRONMENT, FLEETLOG_COLLECTOR_CONTAINERS_DIR: place.containersDir },
        logFile: join(place.dir, 'fleetlog.log'),
      },
    },
  ];
}

/** A central process that keeps, and a collector that sends to it. */
export async function twoProcesses(place: { dir: string; containersDir: string }): Promise<Part[]> {
  const port = await freePort();
  return [
    {
      name: 'central',
      options: {
        dataDir: join(place.dir, 'central'),
        port,
        env: { ...KILL_ENVIRONMENT, FLEETLOG_COLLECTOR_ENABLED: 'false' },
        logFile: join(place.dir, 'central.log'),
      },
    },
    {
      name: 'collector',
      options: {
        command: 'collector',
        dataDir: join(place.dir, 'collector'),
        port: await freePort(),
        env: {
          ...KILL_ENVIRONMENT,
          FLEETLOG_COLLECTOR_CONTAINERS_DIR: place.containersDir,
          FLEETLOG_COLLECTOR_TO: `http://127.0.0.1:${port}`,
        },
        logFile: join(place.dir, 'collector.log'),
      },
    },
  ];
}

/** Gives the collector a token that may write its own host only. */
export async function giveToken([central]: Product[], [, collector]: Part[]): Promise<void> {
  const { secret } = await central.post<{ secret: string }>('tokens', {
    name: 'kill-collector',
    role: 'collector',
    host: KILL_ENVIRONMENT.FLEETLOG_COLLECTOR_HOST,
  });
  collector.options.env = { ...collector.options.env, FLEETLOG_COLLECTOR_TOKEN: secret };
}
