/** Writes docs/config.md from the configuration's schema: `npm run docs`. */
import { writeFileSync } from 'node:fs';
import {
  type ConfigKey,
  configKeys,
  configSections,
  OTHER_ENV_NAMES,
  typeName,
  type ValueSchema,
} from '../cli/config-keys.ts';

const OTHER_ENV: Record<(typeof OTHER_ENV_NAMES)[number], string> = {
  FLEETLOG_URL: 'Server the client commands ask; `--url` wins.',
  FLEETLOG_TOKEN:
    "Token the client commands send; else `cli-token` in the data directory, to this machine's own server only.",
  FLEETLOG_CONFIG: 'Configuration file; `--config` wins.',
  FLEETLOG_SOAK: '`1` runs the tests at their full doses.',
};

/** The page as it must stand in docs/config.md; a test compares. */
export function configPage(): string {
  const keys = configKeys();
  const lines = [
    '# Configuration',
    '',
    'Made from `model/config.ts` by `npm run docs`; do not edit.',
    '',
    'Every key has a default. A value comes from, the first that has one: `--set key=value`, the environment, the file, the default.',
    'The file is `--config` (or `FLEETLOG_CONFIG`), else `./fleetlog.yml`, else `/etc/fleetlog/fleetlog.yml`.',
    'In the environment lists are comma-separated, lists of objects and maps are JSON. Relative paths in the file, and default ones, are taken from',
    "the file's folder; those of the environment and of flags from the working directory. Unknown keys and unknown `FLEETLOG_*` names",
    'are refused with the nearest known one. `fleetlog config` shows what is in effect.',
    '',
  ];
  for (const { name, description } of configSections()) {
    const own = keys.filter((key) => key.path.slice(0, -1).join('.') === name);
    lines.push(
      `## ${name === '' ? 'Top level' : `\`${name}\``}`,
      '',
      ...(description ? [description, ''] : []),
      ...tableOf(own),
      '',
    );
    for (const key of own) lines.push(...itemTables(key));
  }
  lines.push('## Other names in the environment', '', '| environment | meaning |', '|---|---|');
  for (const name of OTHER_ENV_NAMES) lines.push(`| \`${name}\` | ${OTHER_ENV[name]} |`);
  return `${lines.join('\n')}\n`;
}

function tableOf(keys: ConfigKey[]): string[] {
  return [
    '| key | environment | type | default | |',
    '|---|---|---|---|---|',
    ...keys.map((key) => {
      const { schema } = key;
      const type = cell(shortType(schema));
      return `| \`${key.name}\` | \`${key.env}\` | ${type} | ${shownDefault(schema)} | ${cell(schema.description ?? '')} |`;
    }),
  ];
}

/** Keys that hold objects get a table of the objects' properties. */
function itemTables(key: ConfigKey): string[] {
  const choices = key.schema.items?.anyOf ?? (key.schema.items ? [key.schema.items] : []);
  return choices
    .filter((choice) => choice.properties)
    .flatMap((choice) => [
      `An object of \`${key.name}\`:`,
      '',
      '| property | type | default | |',
      '|---|---|---|---|',
      ...Object.entries(choice.properties ?? {}).map(
        ([name, schema]) =>
          `| \`${name}\` | ${cell(shortType(schema))} | ${shownDefault(schema)} | ${cell(schema.description ?? '')} |`,
      ),
      '',
    ]);
}

function shortType(schema: ValueSchema): string {
  if (schema.type === 'array') return `list of ${shortType(schema.items ?? {})}`;
  if (schema.anyOf) return schema.anyOf.map(shortType).join(' or ');
  return schema.properties ? 'object' : typeName(schema);
}

function shownDefault(schema: ValueSchema): string {
  if (schema.default === undefined) return 'needed';
  if (schema.default === '') return 'empty';
  return `\`${Array.isArray(schema.default) ? JSON.stringify(schema.default) : String(schema.default)}\``;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

if (import.meta.main) writeFileSync(new URL('config.md', import.meta.url), configPage());
