import { join } from 'node:path';
import { startBanner } from '../banner.ts';
import type { Command } from '../command.ts';
import { isLoopback } from '../config-rules.ts';
import { cgroupDirOf, procDirOf } from '../demo/host-files.ts';
import { serve } from '../serve.ts';
import { createProgress } from '../terminal/progress.ts';
import { LISTENER, loadForStart } from './start.ts';

export const demo: Command = {
  name: 'demo',
  summary:
    'A made-up fleet of a dozen apps writes logs and stats, and everything runs on them: a first look without Docker',
  options: {
    rate: { type: 'number', value: 'N', minimum: 1, help: 'lines a second over the whole fleet (default 40)' },
    minutes: { type: 'number', value: 'N', help: 'minutes of history written first (default 60)' },
    ...LISTENER,
  },
  examples: [
    ['fleetlog demo', 'open http://127.0.0.1:8080; nobody needs to sign in, and real containers are not read'],
    ['fleetlog demo --rate 500 --data-dir /tmp/fleetlog-demo', 'a busier fleet, kept elsewhere'],
  ],
  notes: 'Everything it writes is below ./data/demo; delete that folder when you are done.',
  async run(args, io) {
    const loaded = await loadForStart(args, io, 'all', ['dataDir=./data/demo']);
    const { config, from } = loaded;
    const containersDir = join(config.dataDir, 'containers');
    // Made-up logs on this machine only: a sign-in would protect nothing and stand before the first look.
    if (from.get('auth.mode') === 'default' && isLoopback(config.http.host)) config.auth.mode = 'none';
    const hostDir = join(config.dataDir, 'host');
    Object.assign(config.collector, {
      procDir: procDirOf(hostDir),
      cgroupDir: cgroupDirOf(hostDir),
      containersDir,
      dockerSocket: '',
      podLogsDir: '',
      paths: [],
      host: 'demo-host',
      to: '',
    });
    const { startDemo } = await import('../demo/demo.ts');
    const progress = createProgress(io.stderr, 'writing history');
    const fleet = await startDemo({
      dir: containersDir,
      hostDir,
      linesPerSecond: args.number('rate') ?? 40,
      backfillMinutes: args.number('minutes') ?? 60,
      onProgress: (done, total) => progress.update(done, total, ''),
      onError: (error) => io.stderr.write(`the made-up fleet cannot write: ${(error as Error).message}\n`),
    });
    progress.clear();
    try {
      return await serve({
        config,
        roles: { collector: true, ingest: true, api: true },
        io,
        banner: (running) => startBanner(running, config, io),
      });
    } finally {
      await fleet.close();
    }
  },
};
