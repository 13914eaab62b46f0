import type { Clock } from '../model/clock.ts';
import type { HostDoc } from '../model/fleet.ts';
import type { Query } from '../model/query/tree.ts';
import type { Principal } from './auth/principal.ts';
import type { ApiGap } from './contract.ts';
import type { FleetDetails, FleetView } from './fleet-view.ts';
import { decided, restFor } from './possible.ts';
import { scopeAllows, seesEverything } from './scope.ts';
import { formatMaybe, formatTime, type Range } from './times.ts';

export interface Completeness {
  /** Everything older is searchable, as far as the query reaches and hosts report; µs, null when none does. */
  completeTo: number | null;
  gaps: ApiGap[];
}

export interface Watermark {
  /** `query` is the whole tree, scope included; gaps are those that overlap the range. */
  completeness(query: Query, principal: Principal, range: Range): Promise<Completeness>;
  /** Everything older was searchable on every host ever heard of, silent ones included; where a tail may go on after a restart. */
  floor(): Promise<number | null>;
}

export function createWatermark(options: {
  fleet: Pick<FleetView, 'hosts' | 'details'>;
  clock: Clock;
  silentMs: number;
}): Watermark {
  const { fleet, clock } = options;
  const silent = (host: HostDoc): boolean => clock.nowUs() - host.receivedAt > options.silentMs * 1000;

  return {
    async completeness(query, principal, range) {
      const all = await fleet.hosts();
      const details = await fleet.details();
      const seen = seesEverything(principal) ? null : visibleHosts(details, principal);
      let completeTo: number | null = null;
      const gaps: ApiGap[] = [];
      for (const host of all) {
        if (seen && !seen.has(host.host)) continue;
        if (decided(restFor(query, { host: host.host })) === false) continue;
        if (silent(host)) {
          if (host.time < range.to) gaps.push(silenceOf(host));
        } else {
          const to = completeOn(host, query, details);
          completeTo = completeTo === null ? to : Math.min(completeTo, to);
        }
        gaps.push(...lostOn(host, query, range));
      }
      return { completeTo, gaps };
    },

    async floor() {
      const hosts = await fleet.hosts();
      const times = hosts.map((host) => host.behind.reduce((least, b) => Math.min(least, b.completeTo), host.time));
      return times.length === 0 ? null : Math.min(...times);
    },
  };
}

/** A host's clock at its last status, or the oldest line of a source the query can reach that is not searchable yet. */
function completeOn(host: HostDoc, query: Query, details: FleetDetails): number {
  let to = host.time;
  for (const behind of host.behind) {
    if (behind.completeTo >= to) continue;
    const source = details.byFid.get(behind.fid)?.source;
    // One that is not in the ledger yet may be anything.
    if (source && decided(restFor(query, source)) === false) continue;
    to = behind.completeTo;
  }
  return to;
}

function silenceOf(host: HostDoc): ApiGap {
  return {
    host: host.host,
    app: null,
    env: null,
    from: formatTime(host.time),
    to: null,
    cause: 'collector_silent',
    bytes: null,
  };
}

function lostOn(host: HostDoc, query: Query, range: Range): ApiGap[] {
  return host.gaps
    .filter((gap) => gap.from < range.to && gap.to > range.from)
    .filter((gap) => decided(restFor(query, { host: host.host, app: gap.app, env: gap.env })) !== false)
    .map((gap) => ({
      host: host.host,
      app: gap.app,
      env: gap.env,
      from: formatTime(gap.from),
      to: formatMaybe(gap.to),
      cause: gap.cause,
      bytes: gap.bytes,
    }));
}

/** Hosts that run, or ran, something the principal may see; the names of others are not theirs to know. */
export function visibleHosts(details: FleetDetails, principal: Principal): Set<string> {
  const hosts = new Set<string>();
  for (const c of details.containers) if (!hosts.has(c.host) && scopeAllows(principal, c.app, c.env)) hosts.add(c.host);
  for (const s of details.sources)
    if (!hosts.has(s.host) && scopeAllows(principal, s.source.app, s.source.env)) hosts.add(s.host);
  return hosts;
}
