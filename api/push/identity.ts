import type { Config } from '../../model/config.ts';
import type { Source } from '../../model/source.ts';
import type { Lookup } from './line.ts';

/** Labels and attributes by which shippers name the rest of a source; the first found counts. Names of app, env and host are configured. */
const PATH_KEYS = ['log.file.path'];
const CONTAINER_KEYS = ['container.id', 'container_id', 'kubernetes.docker_id'];
const CONTAINER_NAME_KEYS = ['container.name', 'container_name', 'k8s.container.name', 'kubernetes.container_name'];
const INSTANCE_KEYS = ['service.instance.id', 'k8s.pod.name', 'kubernetes.pod_name'];
const IMAGE_KEYS = ['container.image.name', 'container_image', 'kubernetes.container_image'];
const VERSION_KEYS = ['service.version'];
/** Of a stream's labels these too; in a single line `filename` may be anything. */
const LABEL_PATH_KEYS = [...PATH_KEYS, 'filename'];
const LABEL_INSTANCE_KEYS = [...INSTANCE_KEYS, 'instance', 'pod'];
const LABEL_VERSION_KEYS = [...VERSION_KEYS, 'version'];
const STREAM_KEYS = ['log.iostream', 'stream'];

/** Longest name of an app, env, host or instance: longer ones are no names, and each becomes a source. */
const NAME_UNITS = 256;
const PATH_UNITS = 1_024;

/** What a request says about lines that do not say it themselves. */
export interface Defaults {
  /** `ndjson`, `loki`, `elastic` or `otlp`. */
  input: string;
  app: { name: string; rule: string };
  env: { name: string; rule: string };
  host: string;
  /** Labels are those of a stream and not a line's own members. */
  streams: boolean;
}

export interface Identity {
  source: Source;
  /** Index into STREAMS. */
  stream: number;
  /** Keys whose whole value the source holds now; they are no attributes any more. */
  used: ReadonlySet<string>;
}

export interface IdentityRules {
  identify(labels: Lookup, defaults: Defaults): Identity;
  /** True when a label of this name may say where a line belongs. */
  names(key: string): boolean;
}

export function createIdentityRules(config: Config['push']): IdentityRules {
  const all = new Set([
    ...config.appKeys,
    ...config.envKeys,
    ...config.hostKeys,
    ...[PATH_KEYS, CONTAINER_KEYS, CONTAINER_NAME_KEYS, INSTANCE_KEYS, IMAGE_KEYS, VERSION_KEYS, STREAM_KEYS].flat(),
  ]);

  return {
    names: (key) => all.has(key),

    identify(labels, defaults) {
      const { streams } = defaults;
      const used = new Set<string>();
      const find = (keys: readonly string[], units = NAME_UNITS): { name: string; rule: string } | null => {
        for (const key of keys) {
          const given = labels(key);
          const name = given === undefined ? '' : nameOf(given, units);
          if (name === '') continue;
          if (name === given) used.add(key);
          return { name, rule: `label ${key}` };
        }
        return null;
      };
      const app = find(config.appKeys) ?? defaults.app;
      const env = find(config.envKeys) ?? defaults.env;
      const host = find(config.hostKeys)?.name ?? defaults.host;
      const containerName = find(CONTAINER_NAME_KEYS)?.name ?? '';
      const instance = find(streams ? LABEL_INSTANCE_KEYS : INSTANCE_KEYS)?.name ?? (containerName || host);
      const container = labels(CONTAINER_KEYS.find((key) => /^[0-9a-f]{64}$/.test(labels(key) ?? '')) ?? '') ?? '';
      for (const key of CONTAINER_KEYS) if (container !== '' && labels(key) === container) used.add(key);
      const path =
        find(streams ? LABEL_PATH_KEYS : PATH_KEYS, PATH_UNITS)?.name ?? `push/${defaults.input}/${app.name}`;
      return {
        source: {
          host,
          container,
          containerName: containerName || instance,
          image: find(IMAGE_KEYS, PATH_UNITS)?.name ?? '',
          version: find(streams ? LABEL_VERSION_KEYS : VERSION_KEYS)?.name ?? '',
          app: app.name,
          env: env.name,
          instance,
          path,
          reader: 'push',
          named: { app: app.rule, env: env.rule },
          labels: {},
        },
        stream: streamOf(labels, used),
        used,
      };
    },
  };
}

/** The value without control characters and outer blanks, cut to `units`. */
export function nameOf(value: string, units = NAME_UNITS): string {
  const plain = /[\u0000-\u001f\u007f-\u009f]/.test(value)
    ? value.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
    : value;
  return plain.toWellFormed().slice(0, units).toWellFormed().trim();
}

/** Lines that do not say which output they are of come as those of a file. */
function streamOf(labels: Lookup, used: Set<string>): number {
  for (const key of STREAM_KEYS) {
    const at = ['stdout', 'stderr'].indexOf(labels(key) ?? '');
    if (at < 0) continue;
    used.add(key);
    return at;
  }
  return 2;
}
