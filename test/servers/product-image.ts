import { spawn, spawnSync } from 'node:child_process';
import { chownSync, copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT, readRepositoryFile } from '../source-files.ts';
import { findCommand } from './apt.ts';
import type { TestDocker } from './docker.ts';

export const PRODUCT_IMAGE = 'fleetlog-test/product:1';

/** What the Dockerfile's last stage says, for an image that cannot be built on its base where no registry is in reach. */
export interface ImageRecipe {
  copied: string[];
  env: string[];
  user: string;
  entrypoint: string[];
  healthcheck: string[];
}

export function readRecipe(): ImageRecipe {
  const lines = readRepositoryFile('Dockerfile')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n');
  const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));
  const after = (word: string): string[] =>
    last.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
  return {
    copied: after('COPY').flatMap((line) => (/^([\w/]+) \1$/.exec(line)?.[1] ?? []) as string[]),
    env: after('ENV').flatMap((line) => line.trim().split(/\s+/)),
    user: after('USER')[0],
    entrypoint: JSON.parse(after('ENTRYPOINT')[0]) as string[],
    healthcheck: JSON.parse(after('HEALTHCHECK')[0].replace(/^.*?CMD /, '')) as string[],
  };
}

/**
 * The image as the Dockerfile makes it, of what is here instead of a base image: this machine's Node with its libraries, a busybox and the
 * checkout. Packages are not in it: mount `node_modules` at /app/node_modules.
 */
export async function importProductImage(engine: TestDocker): Promise<ImageRecipe> {
  const recipe = readRecipe();
  const root = mkdtempSync(join(tmpdir(), 'fleetlog-image-'));
  try {
    fill(root, recipe);
    const tar = spawn('tar', ['-C', root, '-c', '.'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [repo, tag] = PRODUCT_IMAGE.split(':');
    const changes = [
      ...recipe.env.map((pair) => `ENV ${pair}`),
      'ENV PATH=/usr/local/bin:/bin',
      'WORKDIR /app',
      `USER ${recipe.user}`,
      `ENTRYPOINT ${JSON.stringify(recipe.entrypoint)}`,
    ];
    const answer: unknown = await engine.api.importImage(tar.stdout, { fromSrc: '-', repo, tag, changes } as never);
    await new Promise<void>((resolve, reject) => {
      engine.api.modem.followProgress(answer as NodeJS.ReadableStream, (error) => (error ? reject(error) : resolve()));
    });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
  return recipe;
}

function fill(root: string, recipe: ImageRecipe): void {
  for (const part of ['bin', 'etc', 'proc', 'sys', 'dev', 'app/node_modules', 'usr/local/bin'])
    mkdirSync(join(root, part), { recursive: true });
  mkdirSync(join(root, 'tmp'), { mode: 0o1777 });
  for (const [name, owner] of [
    ['data', 1000],
    ['collector', 0],
  ] as const) {
    mkdirSync(join(root, name), { mode: 0o700 });
    chownSync(join(root, name), owner, owner);
  }
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/:/bin/sh\nnode:x:1000:1000::/:/bin/sh\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nnode:x:1000:\n');
  cpSync(findCommand('busybox')!, join(root, 'bin/busybox'), { dereference: true });
  for (const name of ['sh', 'cat', 'touch']) symlinkSync('busybox', join(root, 'bin', name));
  const node = process.execPath;
  cpSync(node, join(root, 'usr/local/bin/node'), { dereference: true });
  for (const library of librariesOf(node)) {
    mkdirSync(join(root, dirname(library)), { recursive: true });
    copyFileSync(library, join(root, library));
  }
  for (const folder of recipe.copied) cpSync(join(ROOT, folder), join(root, 'app', folder), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(root, 'app/package.json'));
}

/** What the loader opens for it, from `ldd`. */
function librariesOf(program: string): string[] {
  const { stdout } = spawnSync('ldd', [program], { encoding: 'utf8' });
  return [...stdout.matchAll(/(?:=>|^)\s*(\/\S+) \(0x/gm)].map((match) => match[1]);
}
