import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT, readRepositoryFile, repositoryFiles } from '../source-files.ts';

/** The files other stages may know a stage by; everything else in a stage is its own. */
const INTERFACES = {
  transport: ['transport/bus.ts', 'transport/batch-codec.ts'],
  store: ['store/log-store.ts', 'store/metric-store.ts', 'store/state-store.ts'],
  alert: ['alert/alerts.ts'],
};

/** Who may import whom (CONTRIBUTING.md). A folder may always import itself. `true` is everything below a folder. */
const MAY: Record<string, Record<string, true | string[]>> = {
  model: {},
  transport: { model: true },
  store: { model: true },
  collector: { model: true, transport: INTERFACES.transport },
  ingest: { model: true, transport: INTERFACES.transport, store: INTERFACES.store },
  alert: { model: true, store: INTERFACES.store },
  api: { model: true, transport: INTERFACES.transport, store: INTERFACES.store, alert: INTERFACES.alert },
  dashboard: { model: true, api: ['api/contract.ts'] },
};
/** They wire, try and measure: they may import everything. */
const FREE = new Set(['cli', 'test', 'bench', 'docs', 'bin', '.']);

interface Import {
  from: string;
  /** Repository path, or a package's name as written. */
  to: string;
  own: boolean;
  typeOnly: boolean;
}

const STATEMENT = /^\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm;
const DYNAMIC = /\bimport\(\s*['"`]([^'"`]+)['"`]/g;
const BY_URL = /new URL\(\s*'(\.{1,2}\/[^']+\.(?:m?[jt]sx?))'/g;

function importsOf(file: string): Import[] {
  const text = readRepositoryFile(file);
  const found: [string, boolean][] = [];
  for (const match of text.matchAll(STATEMENT))
    found.push([match[2], match[1] !== undefined || namesOnlyTypes(match[0])]);
  for (const match of text.matchAll(DYNAMIC)) found.push([match[1], false]);
  for (const match of text.matchAll(BY_URL)) found.push([match[1], false]);
  return found.map(([written, typeOnly]) => {
    const own = written.startsWith('.');
    return { from: file, to: own ? posix.join(posix.dirname(file), written) : written, own, typeOnly };
  });
}

/** `import { type A, type B } from …` */
function namesOnlyTypes(statement: string): boolean {
  const names = /\{([^}]*)\}/
    .exec(statement)?.[1]
    .split(',')
    .map((name) => name.trim()) ?? [''];
  return names.filter(Boolean).length > 0 && names.filter(Boolean).every((name) => name.startsWith('type '));
}

const folderOf = (path: string) => (path.includes('/') ? path.slice(0, path.indexOf('/')) : '.');
// This file's samples are no imports.
const files = repositoryFiles('.ts', '.tsx', '.mjs').filter((file) => file !== 'test/unit/imports.test.ts');
const imports = files.flatMap(importsOf);

function allowed({ from, to, typeOnly }: Import): boolean {
  const [mine, theirs] = [folderOf(from), folderOf(to)];
  if (mine === theirs || FREE.has(mine)) return true;
  const may = MAY[mine]?.[theirs];
  if (may === undefined) return false;
  // The page is built from pure code; of the API it knows shapes only.
  if (mine === 'dashboard' && theirs === 'api') return typeOnly && Array.isArray(may) && may.includes(to);
  return may === true || may.includes(to);
}

describe('imports', () => {
  test('every folder has its row in the table', () => {
    const folders = new Set(files.map(folderOf));
    for (const folder of folders) expect([...Object.keys(MAY), ...FREE]).toContain(folder);
  });

  test('nobody imports what the table does not allow', () => {
    const wrong = imports.filter((one) => one.own && !allowed(one)).map(({ from, to }) => `${from} → ${to}`);
    expect(wrong).toEqual([]);
    expect(imports.length).toBeGreaterThan(100);
  });

  test('the table catches what it should', () => {
    const one = (from: string, to: string, typeOnly = false) => allowed({ from, to, own: true, typeOnly });
    expect(one('model/record.ts', 'store/log-store.ts')).toBe(false);
    expect(one('collector/tail/a.ts', 'transport/bus.ts')).toBe(true);
    expect(one('collector/tail/a.ts', 'transport/memory-bus.ts')).toBe(false);
    expect(one('api/server.ts', 'store/embedded/log-store.ts')).toBe(false);
    expect(one('dashboard/a.tsx', 'api/contract.ts')).toBe(false);
    expect(one('dashboard/a.tsx', 'api/contract.ts', true)).toBe(true);
    const samples =
      "import type { A } from './a.ts';\nimport {\n  type B,\n} from './b.ts';\nexport { c } from './c.ts';\nimport './d.ts';";
    const seen = [...samples.matchAll(STATEMENT)].map((match) => [
      match[2],
      match[1] !== undefined || namesOnlyTypes(match[0]),
    ]);
    expect(seen).toEqual([
      ['./a.ts', true],
      ['./b.ts', true],
      ['./c.ts', false],
      ['./d.ts', false],
    ]);
    expect([..."await import('./e.ts')".matchAll(DYNAMIC)].map((match) => match[1])).toEqual(['./e.ts']);
    expect([..."new URL('./w.ts', import.meta.url)".matchAll(BY_URL)].map((match) => match[1])).toEqual(['./w.ts']);
  });

  test('what is imported exists, with its ending', () => {
    const missing = imports.filter((one) => one.own && !existsSync(join(ROOT, one.to.replace(/\?.*$/, ''))));
    // The command also runs built; these files appear then.
    expect(missing.filter((one) => !one.to.startsWith('dist/')).map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
  });

  test('what the page takes from model is pure: no module of Node behind it', () => {
    const reached = new Set(
      imports
        .filter((one) => folderOf(one.from) === 'dashboard' && folderOf(one.to) === 'model' && !one.typeOnly)
        .map((one) => one.to),
    );
    for (const file of reached) {
      for (const next of importsOf(file)) if (next.own && !next.typeOnly) reached.add(next.to);
      const node = importsOf(file).filter(
        (one) => !one.typeOnly && (one.to.startsWith('node:') || one.to === 'typebox'),
      );
      expect(node.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
    }
    expect(reached.size).toBeGreaterThan(0);
  });

  test('packages are named in package.json', () => {
    const about = JSON.parse(readRepositoryFile('package.json')) as Record<string, Record<string, string>>;
    const runtime = new Set(Object.keys(about.dependencies));
    const all = new Set([...runtime, ...Object.keys(about.devDependencies)]);
    const nameOf = (written: string) =>
      written
        .split('/')
        .slice(0, written.startsWith('@') ? 2 : 1)
        .join('/');
    const wrong = imports.filter(({ own, to, from, typeOnly }) => {
      if (own || to.startsWith('node:')) return false;
      const development = ['test', 'bench', '.', 'docs'].includes(folderOf(from)) || typeOnly;
      return !(development ? all.has(nameOf(to)) || all.has(`@types/${nameOf(to)}`) : runtime.has(nameOf(to)));
    });
    expect(wrong.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
  });
});
