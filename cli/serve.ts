import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../model/config.ts';
import { ADDRESS_FILE } from './client.ts';
import { EXIT, type Io } from './command.ts';
import type { Fleetlog, Roles } from './compose.ts';
import { ensureDashboard } from './dashboard-build.ts';
import { createLog } from './log.ts';
import { stopped } from './stopped.ts';
import { createProgress } from './terminal/progress.ts';

export interface ServeOptions {
  config: Config;
  roles: Roles;
  io: Io;
  /** What is printed when it runs. */
  banner(running: Fleetlog): string;
}

/** Orchestrators kill after 10 s; what is not closed by then is said and left to the next start's recovery. */
const CLOSE_MS = 9_500;
/** Opening an empty store takes milliseconds; a start that is slower is replaying its log. */
const SLOW_START_MS = 1_500;

/** Starts the roles, builds the page meanwhile, prints the banner, and stays until asked to stop. */
export async function serve(options: ServeOptions): Promise<number> {
  const { config, roles, io } = options;
  const log = createLog(config.log.level, io);
  // The page is built while the product's code is loaded; its routes are laid once it is there.
  const [{ startFleetlog }, problem] = await Promise.all([
    import('./compose.ts'),
    roles.api ? ensureDashboard(io.signal) : null,
  ]);
  if (io.signal.aborted) return EXIT.ok;
  if (problem) log.error(problem);
  const starting = startedAt(io);
  let running: Fleetlog;
  try {
    running = await startFleetlog({ config, roles, log });
  } finally {
    starting.done();
  }
  const address = join(config.dataDir, ADDRESS_FILE);
  writeFileSync(address, `${running.url}\n`);
  if (!io.signal.aborted) io.stdout.write(options.banner(running));
  await stopped(io.signal);
  log.info('stopping');
  const guard = setTimeout(() => {
    log.error({ afterMs: CLOSE_MS }, 'cannot stop in time; what was not written is recovered at the next start');
    process.exit(EXIT.failure);
  }, CLOSE_MS);
  await running.close();
  clearTimeout(guard);
  rmSync(address, { force: true });
  log.info('stopped');
  return EXIT.ok;
}

/** On a terminal, says after a while that the start is slow and why. */
function startedAt(io: Io): { done(): void } {
  const progress = createProgress(io.stderr, 'opening the store');
  const begin = performance.now();
  const timer = setInterval(() => {
    const seconds = (performance.now() - begin) / 1000;
    if (seconds * 1000 > SLOW_START_MS)
      progress.update(0, null, `(reading what the last run had not finished) ${seconds.toFixed(0)} s`);
  }, 250);
  return {
    done() {
      clearInterval(timer);
      progress.clear();
    },
  };
}
