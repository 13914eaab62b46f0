import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findCommand, installPackages } from './apt.ts';

export interface Jdk {
  home: string;
  /** Full path of `bin/java`. */
  java: string;
  major: number;
}

/** The lowest Java that is new enough: of JAVA_HOME, /usr/lib/jvm and PATH; null when there is none. */
export function findJdk(least: number): Jdk | null {
  const homes = new Set<string>();
  const add = (home: string): void => {
    if (existsSync(join(home, 'bin/java'))) homes.add(realpathSync(home));
  };
  if (process.env.JAVA_HOME) add(process.env.JAVA_HOME);
  if (existsSync('/usr/lib/jvm')) for (const name of readdirSync('/usr/lib/jvm')) add(join('/usr/lib/jvm', name));
  const onPath = findCommand('java');
  if (onPath) add(dirname(dirname(realpathSync(onPath))));
  const found = [...homes]
    .map((home) => ({ home, java: join(home, 'bin/java'), major: majorOf(home) }))
    .filter((jdk) => jdk.major >= least)
    .sort((a, b) => a.major - b.major);
  return found[0] ?? null;
}

/** Finds one or installs the distribution's (Debian 12: 17) where that is new enough; throws the reason when there is none. */
export function ensureJdk(least: number): Jdk {
  const found = findJdk(least);
  if (found) return found;
  if (least <= 17) installPackages(['openjdk-17-jre-headless']);
  const installed = findJdk(least);
  if (!installed) throw new Error(`no Java ${least} or newer in JAVA_HOME, /usr/lib/jvm or PATH`);
  return installed;
}

/** From the `release` file that every OpenJDK build carries; 0 when there is none. */
function majorOf(home: string): number {
  const file = join(home, 'release');
  if (!existsSync(file)) return 0;
  return Number(/^JAVA_VERSION="(\d+)/m.exec(readFileSync(file, 'utf8'))?.[1] ?? 0);
}
