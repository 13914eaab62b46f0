import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type WrittenLogs, writeDockerLogs } from '../cli/demo/docker-logs.ts';
import type { BenchOptions } from './options.ts';
import { gb, thousands } from './report.ts';

/** Data older than this is made anew: lines must be younger than retention, and queries speak of the last day. */
const KEEP_MS = 3 * 86_400_000;

/** A day of the made-up fleet in docker's shape, made once for a size and seed. Writing happens in a process of its own. */
export async function prepareData(options: BenchOptions): Promise<WrittenLogs> {
  const dir = join(options.dir, `data-${Math.round(options.messageBytes / 1e6)}mb-${options.seed}`);
  const manifest = join(dir, 'manifest.json');
  const known = existsSync(manifest) ? (JSON.parse(readFileSync(manifest, 'utf8')) as WrittenLogs) : null;
  if (known && Date.now() - known.to < KEEP_MS) return known;
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const child = spawn(
    process.execPath,
    [fileURLToPath(import.meta.url), dir, String(options.messageBytes), String(options.seed)],
    {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    },
  );
  child.on('message', (share) =>
    options.report.progress(`generating ${gb(options.messageBytes)}: ${(Number(share) * 100).toFixed(0)} %`),
  );
  const code = await new Promise((resolve) => child.once('exit', resolve));
  if (code !== 0) throw new Error(`cannot generate data: exit code ${code}`);
  return JSON.parse(readFileSync(manifest, 'utf8')) as WrittenLogs;
}

export function describeData(data: WrittenLogs): string {
  return `data: ${gb(data.messageBytes)} of messages in ${gb(data.fileBytes)} of docker JSON, ${thousands(data.records)} records, ${thousands(data.lines)} lines, ${data.containers.length} containers, seed ${data.seed}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [dir, bytes, seed] = process.argv.slice(2);
  let shown = 0;
  const written = await writeDockerLogs({
    dir: join(dir, 'containers'),
    messageBytes: Number(bytes),
    seed: Number(seed),
    onProgress(done, total) {
      if (done / total < shown + 0.01 && done < total) return;
      shown = done / total;
      process.send?.(shown);
    },
  });
  writeFileSync(join(dir, 'manifest.json'), JSON.stringify(written));
}
