import type { HostDoc } from '../model/fleet.ts';
import { matchesGlob } from '../model/glob.ts';
import type { Source } from '../model/source.ts';
import type { Principal } from './auth/principal.ts';
import type { ApiContext } from './context.ts';
import type { ApiContainer } from './contract.ts';
import { type Filters, values } from './filters.ts';
import type { FleetContainer, FleetDetails, FleetSource } from './fleet-view.ts';
import { scopeAllows } from './scope.ts';

type Identity = Pick<Source, 'app' | 'env' | 'container' | 'containerName'> & { host: string };

/** Whether a container or source is the caller's to see and among what was asked for. */
export function listed(principal: Principal, filters: Filters): (one: Identity) => boolean {
  const [apps, envs, hosts, containers] = (['app', 'env', 'host', 'container'] as const).map((f) => values(filters[f]));
  const any = (patterns: string[], value: string): boolean =>
    patterns.length === 0 || patterns.some((pattern) => matchesGlob(pattern, value));
  return (one) =>
    scopeAllows(principal, one.app, one.env) &&
    any(apps, one.app) &&
    any(envs, one.env) &&
    any(hosts, one.host) &&
    (containers.length === 0 || containers.some((wanted) => isContainer(wanted, one)));
}

/** By id, by a prefix of at least 12 characters, or by exact name. */
function isContainer(wanted: string, one: Identity): boolean {
  if (wanted === one.containerName || wanted === one.container) return true;
  return wanted.includes('*')
    ? matchesGlob(wanted, one.containerName) || matchesGlob(wanted, one.container)
    : wanted.length >= 12 && one.container.startsWith(wanted);
}

/** How far behind its files a host's container is, by source. */
export interface Lag {
  /** ms, null when its host says nothing any more. */
  of(one: { host: string; container: string; app: string; env: string; instance: string }): number | null;
}

export function lagOf(hosts: HostDoc[], details: FleetDetails, silent: (host: HostDoc) => boolean): Lag {
  const reporting = new Map(hosts.filter((host) => !silent(host)).map((host) => [host.host, host]));
  const worst = new Map<string, number>();
  for (const host of reporting.values()) {
    for (const behind of host.behind) {
      const source = details.byFid.get(behind.fid);
      if (!source) continue;
      const key = instanceKey({ ...source.source, host: source.host });
      worst.set(key, Math.max(worst.get(key) ?? 0, Math.max(0, host.time - behind.completeTo) / 1000));
    }
  }
  return { of: (one) => (reporting.has(one.host) ? (worst.get(instanceKey(one)) ?? 0) : null) };
}

/** Containers by id; plain-file instances, which have none, by app, env and instance. */
export function instanceKey(one: {
  host: string;
  container: string;
  app: string;
  env: string;
  instance: string;
}): string {
  return JSON.stringify(one.container ? [one.host, one.container] : [one.host, one.app, one.env, one.instance]);
}

export function runs(container: FleetContainer): boolean {
  return container.state === 'running' || container.state === 'restarting' || container.state === 'paused';
}

/** Still written to, as far as known: plain files have no state, and a lag all the same. */
export function writes(container: FleetContainer): boolean {
  return runs(container) || container.state === 'unknown';
}

/** Whether ingest has not heard of a host for so long that it counts as silent. */
export function silence({
  clock,
  config,
}: Pick<ApiContext, 'clock' | 'config'>): (host: { receivedAt: number }) => boolean {
  return (host) => clock.nowUs() - host.receivedAt > config.ingest.silentMs * 1000;
}

/** Bytes of the files of one container; all 0 where no file is known. */
export type Account = Pick<ApiContainer, 'files' | 'read' | 'searchable' | 'dropped' | 'inFlight'>;

/** The ledger's rows summed by container; look up by `instanceKey`. */
export function accountsOf(sources: FleetSource[]): Map<string, Account> {
  const accounts = new Map<string, Account>();
  for (const one of sources) {
    const key = instanceKey({ ...one.source, host: one.host });
    const sum = accounts.get(key) ?? noFiles();
    sum.files++;
    sum.read += one.read;
    sum.searchable += one.searchable;
    sum.inFlight += one.inFlight;
    for (const [reason, bytes] of Object.entries(one.dropped)) sum.dropped[reason] = (sum.dropped[reason] ?? 0) + bytes;
    accounts.set(key, sum);
  }
  return accounts;
}

export const noFiles = (): Account => ({ files: 0, read: 0, searchable: 0, dropped: {}, inFlight: 0 });

export function newest(times: Iterable<number | null>): number | null {
  let latest: number | null = null;
  for (const time of times) if (time !== null && (latest === null || time > latest)) latest = time;
  return latest;
}

export const sourceIdentity = (one: FleetSource): Identity => ({ ...one.source, host: one.host });
