import type { Config } from '../model/config.ts';
import type { Io } from './command.ts';
import type { Fleetlog } from './compose.ts';
import { paletteFor } from './terminal/color.ts';
import { VERSION } from './version.ts';

/** What `start` prints when it runs: where to look, how to get in, what is read, where it is kept, how to stop. */
export function startBanner(running: Fleetlog, config: Config, io: Io): string {
  const palette = paletteFor(io.stdout, io.env);
  const rows: [string, string][] = [['Page', palette.bold(running.url)]];
  if (running.setupUrl) rows.push(['First user', `${palette.bold(running.setupUrl)} (valid for one hour, works once)`]);
  rows.push(...collectingRows(running, config).map(([name, text]): [string, string] => [name, text]));
  rows.push(['Data', `${config.dataDir}, kept for ${config.retention.days} days`]);
  rows.push(['Command line', 'npx fleetlog search WORD, npx fleetlog tail -f, npx fleetlog --help']);
  if (config.http.insecure)
    rows.push(['Warning', palette.warn('plain HTTP off loopback: passwords and logs travel in clear (http.insecure)')]);
  if (config.auth.mode === 'none')
    rows.push(['Warning', palette.warn('no sign-in: everyone on this machine reads everything (auth.mode none)')]);
  rows.push(['Stop', 'Ctrl-C']);
  const width = Math.max(...rows.map(([name]) => name.length));
  const body = rows.map(([name, text]) => `  ${palette.dim(name.padEnd(width))}  ${text}\n`).join('');
  return `\nFleetlog ${VERSION} listens on ${running.url}\n\n${body}\n`;
}

function collectingRows(running: Fleetlog, config: Config): [string, string][] {
  const { collector } = config;
  const now = running.collecting();
  if (!now) return [['Reading', 'nothing on this host; other hosts send here with collector.to']];
  const { docker, containers, files } = now;
  const what = `${counted(containers, 'container')}, ${counted(files, 'log file')} on ${collector.host}`;
  const to = collector.to ? `, sent to ${collector.to}` : '';
  if (docker.reachable || containers > 0 || files > 0) {
    const how = docker.reachable
      ? ''
      : collector.dockerSocket
        ? ' (from files; Docker itself is out of reach)'
        : ' (from files)';
    return [['Reading', what + how + to]];
  }
  const rows: [string, string][] = [];
  if (collector.dockerSocket) {
    const why = docker.reason ? ` (${docker.reason})` : '';
    rows.push(['Reading', `Docker is not reachable at ${collector.dockerSocket}${why}: no container logs are read.`]);
  } else rows.push(['Reading', 'no container logs: collector.dockerSocket is empty and no log files were found.']);
  rows.push(
    collector.paths.length > 0
      ? ['', `Waiting for files of ${collector.paths.map((p) => (typeof p === 'string' ? p : p.template)).join(', ')}`]
      : ['', 'Log files of apps: collector.paths in fleetlog.yml, e.g. /data/logs/{app}/{instance}/*.log'],
    ['', 'A first look without Docker: npx fleetlog demo'],
  );
  return rows;
}

function counted(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
