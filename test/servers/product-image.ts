import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
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
  const root = rootOfNode();
  for (const [name, owner] of [
    ['data', 1000],
    ['collector', 0],
  ] as const) {
    mkdirSync(join(root, name), { mode: 0o700 });
    chownSync(join(root, name), owner, owner);
  }
  mkdirSync(join(root, 'app/node_modules'), { recursive: true });
  for (const folder of recipe.copied) cpSync(join(ROOT, folder), join(root, 'app', folder), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(root, 'app/package.json'));
  await importRoot(engine, root, PRODUCT_IMAGE, [
    ...recipe.env.map((pair) => `ENV ${pair}`),
    'WORKDIR /app',
    `USER ${recipe.user}`,
    `ENTRYPOINT ${JSON.stringify(recipe.entrypoint)}`,
  ]);
  return recipe;
}

/** What stands in for the Dockerfile's base image: Node, npm and a shell. Throws where this machine's npm is not found. */
export async function importBaseImage(engine: TestDocker): Promise<string> {
  const npm = findCommand('npm');
  if (!npm) throw new Error('npm is missing');
  const root = rootOfNode();
  const modules = join(root, 'usr/local/lib/node_modules');
  mkdirSync(modules, { recursive: true });
  cpSync(dirname(dirname(realpathSync(npm))), join(modules, 'npm'), { recursive: true, dereference: true });
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(root, 'usr/local/bin/npm'));
  const authorities = '/etc/ssl/certs/ca-certificates.crt';
  if (existsSync(authorities)) {
    mkdirSync(join(root, dirname(authorities)), { recursive: true });
    copyFileSync(authorities, join(root, authorities));
  }
  const image = 'fleetlog-test/node:1';
  await importRoot(engine, root, image, [`ENV NODE_EXTRA_CA_CERTS=${authorities}`]);
  return image;
}

/** A root directory with this machine's Node, its libraries, and a busybox. */
function rootOfNode(): string {
  const root = mkdtempSync(join(tmpdir(), 'fleetlog-image-'));
  for (const part of ['bin', 'etc', 'proc', 'sys', 'dev', 'root', 'usr/bin', 'usr/local/bin'])
    mkdirSync(join(root, part), { recursive: true });
  mkdirSync(join(root, 'tmp'));
  chmodSync(join(root, 'tmp'), 0o1777);
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\nnode:x:1000:1000::/:/bin/sh\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nnode:x:1000:\n');
  const busybox = join(root, 'bin/busybox');
  copyFileSync(findCommand('busybox')!, busybox);
  for (const name of spawnSync(busybox, ['--list'], { encoding: 'utf8' }).stdout.split('\n'))
    if (name && name !== 'busybox') symlinkSync('busybox', join(root, 'bin', name));
  symlinkSync('/bin/env', join(root, 'usr/bin/env'));
  copyFileSync(process.execPath, join(root, 'usr/local/bin/node'));
  chmodSync(join(root, 'usr/local/bin/node'), 0o755);
  const libraries = librariesOf(process.execPath);
  // Node does without it; the native parts of packages do not.
  const realtime = libraries.map((path) => join(dirname(path), 'librt.so.1')).find((path) => existsSync(path));
  for (const library of [...libraries, ...(realtime ? [realtime] : [])]) {
    mkdirSync(join(root, dirname(library)), { recursive: true });
    copyFileSync(library, join(root, library));
  }
  return root;
}

/** Makes an image of a root directory, and removes it. */
async function importRoot(engine: TestDocker, root: string, name: string, changes: string[]): Promise<void> {
  try {
    const tar = spawn('tar', ['-C', root, '-c', '.'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [repo, tag] = name.split(':');
    const all = ['ENV PATH=/usr/local/bin:/usr/bin:/bin', ...changes];
    const answer: unknown = await engine.api.importImage(tar.stdout, {
      fromSrc: '-',
      repo,
      tag,
      changes: all,
    } as never);
    await new Promise<void>((resolve, reject) => {
      engine.api.modem.followProgress(answer as NodeJS.ReadableStream, (error) => (error ? reject(error) : resolve()));
    });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** What the loader opens for it, from `ldd`. */
function librariesOf(program: string): string[] {
  const { stdout } = spawnSync('ldd', [program], { encoding: 'utf8' });
  return [...stdout.matchAll(/(?:=>|^)\s*(\/\S+) \(0x/gm)].map((match) => match[1]);
}
