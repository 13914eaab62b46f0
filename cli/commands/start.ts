import { startBanner } from '../banner.ts';
import type { Arguments, Command, Io, Option } from '../command.ts';
import type { Roles } from '../compose.ts';
import { type LoadedConfig, loadConfig } from '../config.ts';
import { serve } from '../serve.ts';

/** Shorthands for the keys most often set by hand. */
export const LISTENER: Record<string, Option> = {
  port: { type: 'number', short: 'p', value: 'N', help: 'http.port; 0 picks a free one' },
  'data-dir': { type: 'text', value: 'DIR', help: 'dataDir' },
};

export const start = role(
  'start',
  'all',
  { collector: true, ingest: true, api: true },
  {
    summary: 'Everything in one process: collect on this host, keep, search, show',
    examples: [
      ['fleetlog start', 'reads every container on this host; the page is at http://127.0.0.1:8080'],
      [
        "fleetlog start --set 'collector.paths=/data/logs/{app}/{instance}/*.log'",
        'and the log files of apps outside containers',
      ],
      ['fleetlog start --set collector.enabled=false', 'a central server that other hosts send to'],
    ],
  },
);

export const collector = role(
  'collector',
  'collector',
  { collector: true, ingest: false, api: false },
  {
    summary: 'Only collect on this host and send to a central Fleetlog',
    examples: [
      [
        'FLEETLOG_COLLECTOR_TOKEN=… fleetlog collector --set collector.to=https://logs.example:8080',
        'the token comes from "fleetlog token create NAME --role collector --host HOST" there',
      ],
    ],
  },
);

export const ingest = role(
  'ingest',
  'ingest',
  { collector: false, ingest: true, api: false },
  {
    summary: 'Only take batches from collectors and keep them',
    examples: [['fleetlog ingest --data-dir /var/lib/fleetlog', 'listens on port 8082 by default']],
    notes:
      'With the embedded store one process holds a data directory: "start" with collector.enabled=false is the usual central server.',
  },
);

export const api = role(
  'api',
  'api',
  { collector: false, ingest: false, api: true },
  {
    summary: 'Only the API and the page over what is kept',
    examples: [['fleetlog api --data-dir /backup/fleetlog', 'reads a copy of a data directory']],
  },
);

function role(
  name: string,
  which: 'all' | 'collector' | 'ingest' | 'api',
  roles: Roles,
  about: Pick<Command, 'summary' | 'examples' | 'notes'>,
): Command {
  return {
    name,
    ...about,
    options: { ...LISTENER },
    async run(args, io) {
      const { config } = await loadForStart(args, io, which);
      const wanted = { ...roles, collector: roles.collector && (which !== 'all' || config.collector.enabled) };
      return serve({ config, roles: wanted, io, banner: (running) => startBanner(running, config, io) });
    },
  };
}

/** The configuration with `--port` and `--data-dir` laid over it, checked for a listener. */
export function loadForStart(
  args: Arguments,
  io: Io,
  role: 'all' | 'collector' | 'ingest' | 'api',
  first: string[] = [],
): Promise<LoadedConfig> {
  const set = [...first, ...args.list('set')];
  if (args.number('port') !== undefined) set.push(`http.port=${args.number('port')}`);
  if (args.text('data-dir') !== undefined) set.push(`dataDir=${args.text('data-dir')}`);
  return loadConfig({ file: args.text('config'), set, env: io.env, cwd: io.cwd, role });
}
