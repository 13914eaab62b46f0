import { Agent } from 'node:http';
import Docker from 'dockerode';
import type { StreamLine } from '../discovery.ts';
import type { EngineAddress } from './address.ts';
import { type EngineEvent, readEvents } from './event-stream.ts';
import { readFrames, readRaw } from './log-stream.ts';
import { type ContainerRecord, recordFromInspect } from './record.ts';
import { engineTime } from './times.ts';

/** The calls the collector makes to the Docker Engine API; each rejects with the client's error (`code` or `statusCode`). */
export interface Engine {
  /** Ids of all containers, stopped ones too. */
  list(): Promise<string[]>;
  /** Null when there is no such container (any more). */
  inspect(id: string): Promise<ContainerRecord | null>;
  /**
   * Container events, from `sinceUs` on as far as the engine still holds them (its last 256), then as they come. Resolves when the
   * engine has answered, so nothing after that is missed; the iteration ends when the connection does.
   */
  events(sinceUs: number | null, signal: AbortSignal): Promise<AsyncIterable<EngineEvent>>;
  /** Lines from `sinceUs` on (0: all), then as they come, until the container ends. */
  logs(
    id: string,
    options: { sinceUs: number; tty: boolean; lineBytes: number; signal: AbortSignal },
  ): Promise<AsyncIterable<StreamLine>>;
  /** The answer to one `GET /containers/{id}/stats`, not waited a second for; null when there is no such container (any more). */
  stats(id: string): Promise<unknown>;
  /** Bytes each container wrote into its own layer. The engine walks all of them for it: to be asked rarely. */
  layers(): Promise<Map<string, number>>;
}

/** An engine that hangs must not stop discovery: list and inspect are given up after this long. */
const CALL_MS = 15_000;

/** Walking the layers of a busy host takes an engine long. */
const LAYERS_MS = 120_000;

/** `closing` ends all calls that are under way. */
export function createEngine(address: EngineAddress, envNames: readonly string[], closing: AbortSignal): Engine {
  // Every connection setting is given, or the client would take it from the environment.
  const none = {
    host: undefined,
    port: undefined,
    socketPath: undefined,
    ca: undefined,
    cert: undefined,
    key: undefined,
  };
  // A kept connection of an engine that restarted fails the next call: open one a call, which costs 0.1 ms on a socket.
  const agent = new Agent({ keepAlive: false });
  const protocol = 'protocol' in address ? address.protocol : 'http';
  const docker = new Docker({
    ...none,
    ...address,
    protocol,
    ...(protocol === 'http' ? { agent } : {}),
  } as Docker.DockerOptions);
  const deadline = () => AbortSignal.any([closing, AbortSignal.timeout(CALL_MS)]);

  return {
    async list() {
      const containers = await docker.listContainers({ all: true, abortSignal: deadline() });
      return containers.map((container) => container.Id);
    },
    async inspect(id) {
      try {
        return recordFromInspect(await docker.getContainer(id).inspect({ abortSignal: deadline() }), envNames);
      } catch (error) {
        if ((error as { statusCode?: number }).statusCode === 404) return null;
        throw error;
      }
    },
    async events(sinceUs, signal) {
      const stream = await docker.getEvents({
        filters: JSON.stringify({ type: ['container'] }),
        ...(sinceUs === null ? {} : { since: engineTime(sinceUs) }),
        abortSignal: signal,
      } as Docker.GetEventsOptions);
      return readEvents(abortable(stream, signal));
    },
    async logs(id, { sinceUs, tty, lineBytes, signal }) {
      const stream = await docker.getContainer(id).logs({
        follow: true,
        stdout: true,
        stderr: true,
        timestamps: true,
        ...(sinceUs > 0 ? { since: engineTime(sinceUs) } : {}),
        abortSignal: signal,
      } as unknown as Docker.ContainerLogsOptions & { follow: true });
      const body = abortable(stream, signal);
      return tty ? readRaw(body, lineBytes) : readFrames(body, lineBytes);
    },
    async stats(id) {
      try {
        const once = { stream: false, 'one-shot': true, abortSignal: deadline() };
        return (await docker.getContainer(id).stats(once as unknown as { stream: false })) as unknown;
      } catch (error) {
        if ((error as { statusCode?: number }).statusCode === 404) return null;
        throw error;
      }
    },
    async layers() {
      const signal = AbortSignal.any([closing, AbortSignal.timeout(LAYERS_MS)]);
      const containers = await docker.listContainers({ size: true, abortSignal: signal });
      const sizes = containers.map(({ Id, ...rest }) => [Id, (rest as { SizeRw?: unknown }).SizeRw ?? 0] as const);
      return new Map(sizes.filter((one): one is [string, number] => typeof one[1] === 'number'));
    },
  };
}

/** The body of an answer; an abort ends the iteration instead of failing it. */
async function* abortable(stream: NodeJS.ReadableStream, signal: AbortSignal): AsyncGenerator<Buffer> {
  const destroy = (): void => {
    (stream as unknown as { destroy(): void }).destroy();
  };
  if (signal.aborted) return destroy();
  signal.addEventListener('abort', destroy, { once: true });
  try {
    for await (const chunk of stream) yield chunk as Buffer;
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', destroy);
    destroy();
  }
}
