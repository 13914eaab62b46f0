import { existsSync, readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { type Document, isMap, isNode, LineCounter, parseDocument } from 'yaml';
import { FleetlogError } from '../model/errors.ts';

/** A configuration file as read, able to say on which line a key stands. */
export interface ConfigFile {
  /** Absolute. */
  path: string;
  values: Record<string, unknown>;
  /** `fleetlog.yml:12`, the line of the key or of the nearest thing around it. */
  place(path: readonly (string | number)[]): string;
}

/** Where the file is looked for when nobody names one. */
export const DEFAULT_FILES = ['fleetlog.yml', '/etc/fleetlog/fleetlog.yml'];

/** The file to read: the named one (which must exist), else the first default that exists, else null. */
export function findConfigFile(named: string | undefined, cwd: string): string | null {
  if (named !== undefined && named !== '') {
    const path = resolve(cwd, named);
    if (existsSync(path)) return path;
    throw new FleetlogError('bad_config', `cannot read ${named}: there is no such file`, {
      hint: 'Name an existing file, or leave --config away to use ./fleetlog.yml or /etc/fleetlog/fleetlog.yml.',
    });
  }
  return DEFAULT_FILES.map((file) => resolve(cwd, file)).find((path) => existsSync(path)) ?? null;
}

/** Reads a YAML file. Throws `bad_config` with file and line when it is no YAML or no map. */
export function readConfigFile(path: string, cwd: string): ConfigFile {
  const label = labelOf(path, cwd);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new FleetlogError('bad_config', `cannot read ${label}: ${(cause as Error).message}`, { cause });
  }
  const lines = new LineCounter();
  const doc = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true });
  const bad = doc.errors[0] ?? doc.warnings[0];
  if (bad) {
    throw new FleetlogError('bad_config', `${label}:${lines.linePos(bad.pos[0]).line}: ${bad.message}`, { cause: bad });
  }
  const values = doc.contents === null ? {} : valuesOf(doc, label);
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    throw new FleetlogError(
      'bad_config',
      `${label}:1: the file is no map of keys; wanted lines like "dataDir: ./data"`,
    );
  }
  return {
    path,
    values: values as Record<string, unknown>,
    place: (at) => `${label}:${lineOf(doc, lines, at)}`,
  };
}

function valuesOf(doc: Document, label: string): unknown {
  try {
    // An alias that names nothing, or aliases that would unfold without end, only show here.
    return doc.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    throw new FleetlogError('bad_config', `${label}: ${(cause as Error).message}`, { cause });
  }
}

function labelOf(path: string, cwd: string): string {
  const short = relative(cwd, path);
  return short === '' || short.startsWith('..') ? path : short;
}

function lineOf(doc: Document, lines: LineCounter, path: readonly (string | number)[]): number {
  for (let length = path.length; length > 0; length--) {
    const parent = length === 1 ? doc.contents : doc.getIn(path.slice(0, length - 1), true);
    const name = path[length - 1];
    const pair = isMap(parent)
      ? parent.items.find((item) => String(isNode(item.key) ? item.key.toJS(doc) : item.key) === String(name))
      : undefined;
    const node = pair ? pair.key : doc.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}
