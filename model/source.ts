/** How lines are read; weaker readers are marked so that a page can say what they promise (design, "Readers behind one seam"). */
export type Reader = 'json-file' | 'cri' | 'file' | 'api' | 'event' | 'push';

/** Which of a container's outputs a record came from. `event` records are lifecycle events; plain searches leave them out. */
export const STREAMS = ['stdout', 'stderr', 'file', 'event'] as const;
export type Stream = (typeof STREAMS)[number];

/**
 * One file of one container on one host. A docker json-file carries both output streams, so the stream is a column
 * of each record and not part of the source. Everything here is identity: a value that changes makes another source.
 */
export interface Source {
  host: string;
  /** 64-hex container id; empty for plain files that belong to no container. */
  container: string;
  /** Container name without the leading slash; for plain files the template's instance. */
  containerName: string;
  image: string;
  /** Image tag, or a version label. */
  version: string;
  app: string;
  env: string;
  /** A label, else the orchestrator's slot, else the container's name. */
  instance: string;
  /** Path of the file as the host sees it; empty for API streams. */
  path: string;
  reader: Reader;
  /** Which identity rule answered, for the page: e.g. `label fleetlog.app`, `env APP_NAME`, `compose service`. */
  named: { app: string; env: string };
  /** Chosen container labels (config `collector.labels`); never environment values. */
  labels: Record<string, string>;
}

/** Identity as text: every field in a fixed order, whatever order the sender's JSON had. */
export function sourceKey(source: Source): string {
  const labels = Object.entries(source.labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([
    source.app,
    source.env,
    source.container,
    source.host,
    source.path,
    source.containerName,
    source.instance,
    source.image,
    source.version,
    source.reader,
    source.named.app,
    source.named.env,
    labels,
  ]);
}
