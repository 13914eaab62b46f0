import { hostname } from 'node:os';
import { dirname, isAbsolute, resolve } from 'node:path';
import { type Config, ConfigSchema } from '../model/config.ts';
import { FleetlogError } from '../model/errors.ts';
import { didYouMean, nearest } from '../model/nearest.ts';
import { checkValue, type Problem, withDefaults } from './config-check.ts';
import { type ConfigFile, findConfigFile, readConfigFile } from './config-file.ts';
import { type ConfigKey, configKeys, configSections, OTHER_ENV_NAMES, type ValueSchema } from './config-keys.ts';
import { checkListener, checkRules } from './config-rules.ts';
import { valueOfText } from './config-text.ts';

export interface ConfigOptions {
  /** From `--config`. */
  file?: string | undefined;
  /** `key=value` texts from `--set`. */
  set?: readonly string[] | undefined;
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  /** What is being started; decides the default port and whether the listener's rules are checked. */
  role?: 'all' | 'api' | 'collector' | 'ingest';
}

export interface LoadedConfig {
  config: Config;
  /** The file that was read. */
  file: string | null;
  /** Where each key's value came from, by its dotted name. */
  from: Map<string, 'default' | 'file' | 'environment' | 'flag'>;
}

const DEFAULT_PORT = { all: 8080, api: 8080, collector: 8081, ingest: 8082 };

/**
 * The configuration: defaults, then the file, then FLEETLOG_* variables, then `--set`. Throws one `bad_config` that lists
 * every problem with its place. Relative paths in the file, and default ones, are taken from the file's folder; those of the environment
 * and of flags from the working directory.
 */
export async function loadConfig(options: ConfigOptions): Promise<LoadedConfig> {
  const path = findConfigFile(options.file ?? options.env.FLEETLOG_CONFIG, options.cwd);
  const file = path === null ? null : readConfigFile(path, options.cwd);
  const keys = configKeys();
  const problems: string[] = [];
  const values = file ? withoutEmptySections(file.values) : {};
  const from: LoadedConfig['from'] = new Map(keys.map((key) => [key.name, has(values, key) ? 'file' : 'default']));
  const texts = [...fromEnvironment(options.env, keys, problems), ...fromFlags(options.set ?? [], keys, problems)];
  for (const text of texts) {
    if (!put(values, text.key.path, readText(text, problems))) continue;
    from.set(text.key.name, text.source);
  }
  for (const problem of checkValue(ConfigSchema as ValueSchema, values)) {
    problems.push(placed(problem, from, file, texts));
  }
  if (problems.length > 0) throw refusal(problems);

  const config = withDefaults(ConfigSchema as ValueSchema, values) as Config;
  resolvePaths(config, keys, from, file ? dirname(file.path) : options.cwd, options.cwd);
  if (config.collector.host === '') config.collector.host = hostname();
  if (from.get('http.port') === 'default') config.http.port = DEFAULT_PORT[options.role ?? 'all'];
  const rules = [...(await checkRules(config)), ...(options.role ? checkListener(config) : [])];
  if (rules.length > 0) throw refusal(rules.map((problem) => placed(problem, from, file, texts)));
  return { config, file: path, from };
}

interface TextValue {
  key: ConfigKey;
  text: string;
  /** As shown in messages: the variable's name, or `--set key`. */
  name: string;
  source: 'environment' | 'flag';
}

/** Variables that Kubernetes and docker links make up for a service called fleetlog or fleetlog-*; they are no configuration. */
const SERVICE_VARIABLE = /_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP)(_\w+)?)$/;

function fromEnvironment(env: ConfigOptions['env'], keys: ConfigKey[], problems: string[]): TextValue[] {
  const byName = new Map(keys.map((key) => [key.env, key]));
  const found: TextValue[] = [];
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith('FLEETLOG_') || text === undefined) continue;
    const key = byName.get(name);
    if (key) found.push({ key, text, name, source: 'environment' });
    else if ((OTHER_ENV_NAMES as readonly string[]).includes(name) || SERVICE_VARIABLE.test(name)) continue;
    else if (!/^tcp:\/\//.test(text)) {
      problems.push(
        `unknown environment variable ${name}${nearestVariable(name, [...byName.keys(), ...OTHER_ENV_NAMES])}`,
      );
    }
  }
  return found;
}

/** Compared without the prefix all share, part by part, so that FLEETLOG_PORT finds FLEETLOG_HTTP_PORT. */
function nearestVariable(name: string, known: string[]): string {
  const bare = (variable: string) => variable.slice('FLEETLOG_'.length).replaceAll('_', '.');
  const near = nearest(bare(name), known.map(bare));
  return near === null ? '' : `; did you mean FLEETLOG_${near.replaceAll('.', '_')}?`;
}

function fromFlags(set: readonly string[], keys: ConfigKey[], problems: string[]): TextValue[] {
  const found: TextValue[] = [];
  for (const pair of set) {
    const cut = pair.indexOf('=');
    const name = cut < 0 ? pair : pair.slice(0, cut);
    const key = keys.find((one) => one.name === name);
    if (cut < 0) problems.push(`--set ${pair} has no value; wanted: --set key=value`);
    else if (key) found.push({ key, text: pair.slice(cut + 1), name: `--set ${name}`, source: 'flag' });
    else
      problems.push(
        `unknown key ${name} in --set${didYouMean(
          name,
          keys.map((one) => one.name),
        )}`,
      );
  }
  return found;
}

function readText({ key, text, name }: TextValue, problems: string[]): unknown {
  try {
    return valueOfText(key.schema, text, name);
  } catch (error) {
    problems.push((error as Error).message);
    return undefined;
  }
}

/** Puts a value at its path, replacing whatever stood there; an undefined value is not put. */
function put(values: Record<string, unknown>, path: readonly string[], value: unknown): boolean {
  if (value === undefined) return false;
  let at = values;
  for (const part of path.slice(0, -1)) {
    const next = at[part];
    // A section that is no map is reported from the file; it must not hide behind a variable.
    if (next !== undefined && (typeof next !== 'object' || next === null)) return false;
    at[part] ??= {};
    at = at[part] as Record<string, unknown>;
  }
  at[path[path.length - 1]] = value;
  return true;
}

function has(values: unknown, key: ConfigKey): boolean {
  let at: unknown = values;
  for (const part of key.path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, part)) return false;
    at = (at as Record<string, unknown>)[part];
  }
  return true;
}

/** `http:` with nothing below it reads as null in YAML; it means the defaults. */
function withoutEmptySections(values: Record<string, unknown>): Record<string, unknown> {
  const sections = new Set(configSections().map((section) => section.name));
  return Object.fromEntries(
    Object.entries(values).map(([k, v]) => [k, v === null && sections.has(k) ? {} : structuredClone(v)]),
  );
}

function placed(problem: Problem, from: LoadedConfig['from'], file: ConfigFile | null, texts: TextValue[]): string {
  const names = problem.path.filter((part) => typeof part === 'string');
  const key = [...from.keys()].find((name) => name.split('.').every((part, i) => names[i] === part)) ?? '';
  const text = texts.findLast((one) => one.key.name === key);
  if (text) return `${text.name}: ${problem.message}`;
  return file && from.get(key) !== 'default' ? `${file.place(problem.path)}: ${problem.message}` : problem.message;
}

function refusal(problems: string[]): FleetlogError {
  return new FleetlogError('bad_config', problems.join('\n'), {
    hint: 'Every key is described in docs/config.md; "fleetlog config" shows what is in effect.',
  });
}

function resolvePaths(config: Config, keys: ConfigKey[], from: LoadedConfig['from'], base: string, cwd: string): void {
  const baseOf = (name: string) => (['file', 'default'].includes(from.get(name) ?? '') ? base : cwd);
  for (const key of keys.filter((one) => one.schema.path)) {
    const section = key.path
      .slice(0, -1)
      .reduce((at, part) => at[part] as Record<string, unknown>, config as Record<string, unknown>);
    const name = key.path[key.path.length - 1];
    const value = section[name] as string;
    // `tcp://host:port` stands where a socket's path does.
    if (value !== '' && !/^[a-z]+:\/\//.test(value)) section[name] = resolve(baseOf(key.name), value);
  }
  const templateBase = baseOf('collector.paths');
  const absolute = (template: string) => (isAbsolute(template) ? template : resolve(templateBase, template));
  config.collector.paths = config.collector.paths.map((item) =>
    typeof item === 'string' ? absolute(item) : { ...item, template: absolute(item.template) },
  );
}
