import { FleetlogError } from '../../model/errors.ts';

/** Where the Docker Engine API is: a unix socket, or a TCP port of `fleetlog docker-proxy`. */
export type EngineAddress = { socketPath: string } | { host: string; port: number; protocol: 'http' | 'https' };

/**
 * Reads `collector.dockerSocket`: a path, `unix://path`, `tcp://host:port`, `http(s)://host:port`; null when it is empty.
 * Throws `bad_config` for anything else.
 */
export function parseEngineAddress(text: string): EngineAddress | null {
  if (text === '') return null;
  if (text.startsWith('unix://')) return { socketPath: text.slice('unix://'.length) };
  if (text.startsWith('/')) return { socketPath: text };
  const match = /^(tcp|http|https):\/\/(\[[0-9a-f:]+\]|[^/:\s]+):(\d{1,5})\/?$/i.exec(text);
  if (match && Number(match[3]) > 0 && Number(match[3]) < 65_536) {
    const host = match[2].replace(/^\[|\]$/g, '');
    return { host, port: Number(match[3]), protocol: match[1].toLowerCase() === 'https' ? 'https' : 'http' };
  }
  throw new FleetlogError('bad_config', `cannot read the Docker address "${text}"`, {
    hint: 'use a socket path such as /var/run/docker.sock, or tcp://host:port of fleetlog docker-proxy',
  });
}

/** Why a call to the engine failed, for a person, with what to do about it. */
export function engineTrouble(error: unknown, address: EngineAddress): string {
  const at = 'socketPath' in address ? address.socketPath : `${address.host}:${address.port}`;
  const { code, statusCode, message } = error as { code?: string; statusCode?: number; message?: string };
  if (code === 'ENOENT') return `there is no Docker socket at ${at}; is Docker installed and running?`;
  if (code === 'EACCES' || code === 'EPERM')
    return `no permission to open ${at}; run as root, join the group of the socket, or use fleetlog docker-proxy`;
  if (code === 'ECONNREFUSED') return `nothing answers at ${at}; is Docker running?`;
  if (code === 'ECONNRESET' || code === 'EPIPE') return `Docker at ${at} closed the connection`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `the name of ${at} cannot be resolved`;
  if (statusCode === 403) return `${at} refuses the call (403); a proxy before Docker must allow it`;
  return `Docker at ${at}: ${message?.trim() || String(error)}`;
}
