import type { ElasticsearchConfig } from '../../model/config.ts';
import { FleetlogError } from '../../model/errors.ts';
import words from '../../model/unicode-words.json' with { type: 'json' };
import type { ElasticsearchClient } from './client.ts';
import { elasticsearchReason } from './client-errors.ts';
import type { IndexNames } from './index-names.ts';

/** Version of the documents and the mapping; a newer one is refused. */
export const INDEX_FORMAT = 1;
/** Templates of users are usually at 100 or 200; ours must win for its own names. */
const PRIORITY = 500;

/**
 * The tokenizer fl-1 as one pattern: Han and Hiragana one by one, other word characters in runs, from the same table as the model's. That
 * runs are cut at 255 is done before, by `splitRuns`: counting to 255 in the pattern takes 255 copies of the table, 5 MB of heap for each
 * index there is and a second of CPU to make one.
 */
function tokenPattern(): string {
  return `[${ranges(words.singles)}]|[${ranges(words.runs)}]+`;
}

function ranges(list: number[][]): string {
  return list
    .map(([first, last]) => {
      const from = String.fromCodePoint(first);
      return first === last ? from : `${from}-${String.fromCodePoint(last)}`;
    })
    .join('');
}

export const TEXT_ANALYSIS = {
  tokenizer: { fl_tokens: { type: 'simple_pattern', pattern: tokenPattern() } },
  analyzer: { fl_text: { type: 'custom', tokenizer: 'fl_tokens', filter: ['cjk_width', 'lowercase'] } },
};

const keyword = { type: 'keyword' };
/** Found by terms, never counted or sorted by: no doc values. */
const termsOnly = { type: 'keyword', doc_values: false };
const sortOnly = (type: 'long' | 'integer') => ({ type, index: false });
const kept = { type: 'object', enabled: false };

const PROPERTIES = {
  time: { type: 'long' },
  app: keyword,
  env: keyword,
  host: keyword,
  container: keyword,
  containerName: keyword,
  instance: keyword,
  image: keyword,
  version: keyword,
  path: keyword,
  stream: keyword,
  level: { type: 'byte' },
  /** The whole source as JSON, to give it back and to count by it; equal in most lines, so it costs a number in each. */
  source: { type: 'keyword', index: false },
  fid: keyword,
  gen: sortOnly('integer'),
  offset: sortOnly('long'),
  /** Offset of the last raw line of a joined record; only joined records have it. */
  last: sortOnly('long'),
  /** Offsets of the continuation lines behind the record's own. */
  joins: sortOnly('long'),
  /** True when a run of the message may have been cut into tokens. */
  cut: { type: 'boolean' },
  message: { type: 'text', analyzer: 'fl_text', norms: false, index_options: 'positions' },
  /** Bytes of the message. */
  bytes: sortOnly('long'),
  pattern: keyword,
  kv: termsOnly,
  nv: termsOnly,
  /** Numbers in fields of the source (`version:>2`), as in `nv`. */
  sourceNumbers: termsOnly,
  /** What no query asks for: flags, exact bytes. */
  rest: kept,
};

export interface IndexTemplate {
  index_patterns: string[];
  priority: number;
  version: number;
  template: { settings: Record<string, unknown>; mappings: Record<string, unknown> };
  _meta: { fleetlog: { format: number; tokenizer: string } };
}

export type TemplateConfig = Pick<ElasticsearchConfig, 'shards' | 'replicas' | 'codec' | 'ilm'>;

/** The index template of all data indices. `policy` names the lifecycle policy when the cluster deletes by age. */
export function logsTemplate(config: TemplateConfig, names: IndexNames, policy: string | null): IndexTemplate {
  const meta = { fleetlog: { format: INDEX_FORMAT, tokenizer: 'fl-1' } };
  return {
    index_patterns: [names.all],
    priority: PRIORITY,
    version: INDEX_FORMAT,
    template: {
      settings: {
        'index.number_of_shards': String(config.shards),
        'index.number_of_replicas': String(config.replicas),
        // Appends refresh by themselves, together; this is for what a process left behind that was killed in between.
        'index.refresh_interval': '30s',
        'index.codec': config.codec,
        'index.translog.durability': 'request',
        'index.mapping.total_fields.limit': '64',
        // Lines of one container beside each other: a third less disk.
        'index.sort.field': ['container', 'time'],
        'index.sort.order': ['asc', 'asc'],
        ...(policy === null
          ? {}
          : { 'index.lifecycle.name': policy, 'index.lifecycle.parse_origination_date': 'true' }),
        'index.analysis': TEXT_ANALYSIS,
      },
      mappings: {
        dynamic: 'false',
        date_detection: false,
        numeric_detection: false,
        _meta: meta,
        _source: { excludes: ['kv', 'nv', 'sourceNumbers', 'source'] },
        properties: PROPERTIES,
      },
    },
    _meta: meta,
  };
}

interface StoredTemplate {
  index_templates: { index_template: IndexTemplate }[];
}

/**
 * Puts the template where it is missing, of an older format or of another configuration. Rejects with `format_newer` when a later
 * version wrote it, `bad_config` when the cluster cannot take it.
 */
export async function ensureTemplate(
  client: ElasticsearchClient,
  names: IndexNames,
  wanted: IndexTemplate,
): Promise<'kept' | 'put'> {
  const path = `/_index_template/${names.template}`;
  const { status, body } = await client.request<StoredTemplate>({
    method: 'GET',
    path,
    query: { flat_settings: true },
    statuses: [404],
    repeatable: true,
  });
  const stored = status === 404 ? undefined : body.index_templates[0]?.index_template;
  checkFormat(stored?._meta?.fleetlog?.format ?? 0, `index template ${names.template}`);
  if (stored && fingerprint(stored) === fingerprint(wanted)) return 'kept';
  try {
    await client.request({ method: 'PUT', path, body: wanted, repeatable: true });
  } catch (error) {
    if (elasticsearchReason(error)?.status !== 400) throw error;
    throw new FleetlogError('bad_config', `cannot put the index template ${names.template}`, {
      cause: error,
      hint: `See the cause; another template for ${names.all} must have a priority other than ${PRIORITY}.`,
    });
  }
  return 'put';
}

/** Throws `format_newer`. */
export function checkFormat(format: number, what: string): void {
  if (format <= INDEX_FORMAT) return;
  throw new FleetlogError('format_newer', `cannot use ${what}: it has format ${format}, and ${INDEX_FORMAT} is known`, {
    hint: 'Start the version of Fleetlog that wrote it, or a later one.',
  });
}

/** The template as the cluster gives it back differs in form: flat settings, and numbers as text. */
function fingerprint(template: IndexTemplate): string {
  const flat = new Map<string, string>();
  const walk = (at: string, value: unknown): void => {
    if (Array.isArray(value)) flat.set(at, value.map(String).join('\0'));
    else if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) walk(`${at}.${key}`, inner);
    } else flat.set(at, String(value));
  };
  walk('settings', template.template.settings);
  walk('mappings', template.template.mappings);
  return JSON.stringify([...flat].sort(([a], [b]) => (a < b ? -1 : 1)).concat([['version', String(template.version)]]));
}
