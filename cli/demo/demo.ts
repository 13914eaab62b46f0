import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../model/clock.ts';
import { FleetlogError } from '../../model/errors.ts';
import { createMadeUpFleet } from './made-up-fleet.ts';

export interface DemoOptions {
  /** Becomes a directory in the shape of docker's `containers`; an earlier run's files are gone on with. */
  dir: string;
  /** Over the whole fleet, on average. */
  linesPerSecond: number;
  /** Becomes the made-up machine's `/proc` and cgroups, for `collector.procDir` and `collector.cgroupDir`; without it there are no figures. */
  hostDir?: string;
  seed?: number;
  /** History written before the live part, so that a first look shows a full histogram. Default 60. */
  backfillMinutes?: number;
  /** Milliseconds of history written, and of all of it. */
  onProgress?(done: number, total: number): void;
  /** A disk that cannot be written; the fleet stays silent for that moment and goes on. */
  onError?(error: unknown): void;
  clock?: Clock;
}

export interface Demo {
  containersDir: string;
  close(): Promise<void>;
}

const TICK_MS = 100;
/** A machine that slept does not make up for it. */
const MOST_BEHIND_MS = 60_000;
const FIGURES_EVERY_MS = 2_000;
const INCIDENT_EVERY_MS = 75_000;
const FIRST_INCIDENT_MS = 20_000;

/** Names a directory as the demo's own. */
const MARK = 'made-up-by-fleetlog-demo';

/** The demo removes containers it has replaced; it must never do so in a directory of real ones. */
function claim(dir: string): void {
  if (existsSync(dir) && readdirSync(dir).length > 0 && !existsSync(join(dir, MARK))) {
    throw new FleetlogError('bad_config', `cannot write a made-up fleet into ${dir}: it holds something else`, {
      hint: 'name a directory that does not exist yet, or is empty',
    });
  }
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, MARK), '');
}

/**
 * A made-up fleet of 13 apps writes docker json-file logs with Chinese, traces, bursts of errors, restarts, OOM kills and deploys, and figures:
 * first the history, then live until `close`. Resolves when the history is written. Throws `bad_config` for a directory that holds
 * anything but an earlier demo.
 */
export async function startDemo(options: DemoOptions): Promise<Demo> {
  const clock = options.clock ?? systemClock;
  const nowMs = (): number => clock.nowUs() / 1000;
  const begin = nowMs();
  const from = begin - (options.backfillMinutes ?? 60) * 60_000;
  claim(options.dir);
  const fleet = createMadeUpFleet({
    dir: options.dir,
    seed: options.seed ?? 1,
    linesPerSecond: options.linesPerSecond,
    from,
    hostDir: options.hostDir,
  });
  const start = fleet.now;
  while (fleet.now < begin) {
    fleet.advance(Math.min(begin, fleet.now + 1_000));
    if (Math.floor((fleet.now - start) / 1_000) % 30 !== 0) continue;
    options.onProgress?.(fleet.now - start, begin - start);
    await new Promise(setImmediate);
  }
  options.onProgress?.(begin - start, begin - start);
  fleet.measure();
  let measureAt = begin + FIGURES_EVERY_MS;
  let incidentAt = begin + FIRST_INCIDENT_MS;
  const tick = (): void => {
    try {
      const now = nowMs();
      if (now - fleet.now < MOST_BEHIND_MS) fleet.advance(now);
      else fleet.skip(now);
      if (now >= measureAt) {
        fleet.measure();
        measureAt = now + FIGURES_EVERY_MS;
      }
      if (now < incidentAt) return;
      incidentAt = now + INCIDENT_EVERY_MS;
      fleet.strike();
    } catch (error) {
      options.onError?.(error);
    }
  };
  const timer = setInterval(tick, TICK_MS);
  return {
    containersDir: options.dir,
    async close() {
      clearInterval(timer);
      fleet.close();
    },
  };
}
