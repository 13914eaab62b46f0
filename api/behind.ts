import { BEHIND_CAUSES, type BehindCause } from '../model/behind-cause.ts';
import type { HostDoc } from '../model/fleet.ts';
import type { LedgerItem } from './contract.ts';
import type { FleetSource } from './fleet-view.ts';
import { formatMaybe, formatTime } from './times.ts';

/** What hosts say of their files besides the ledger: how far each is searchable and why no further, and what of it is lost. */
export interface FileTrouble {
  behind(one: FleetSource): LedgerItem['behind'];
  gaps(one: FleetSource): LedgerItem['gaps'];
}

/** Collectors say the cause in words; these are the ones that need no other sign. */
const SAID = new Map<string, BehindCause>(
  (['not_read', 'not_acknowledged', 'held'] as const).map((cause) => [BEHIND_CAUSES[cause], cause]),
);

export function fileTroubleOf(hosts: HostDoc[], silent: (host: HostDoc) => boolean): FileTrouble {
  const byHost = new Map(
    hosts.map((host) => [
      host.host,
      {
        host,
        quiet: silent(host),
        behind: new Map(host.behind.map((one) => [one.fid, one])),
        gaps: Map.groupBy(host.gaps, (one) => one.fid),
      },
    ]),
  );
  return {
    behind(one) {
      const at = byHost.get(one.host);
      if (!at) return null;
      const late = at.behind.get(one.fid);
      // A file that ended and is stored to its end waits for nobody.
      const ended = one.state === 'gone' && one.inFlight === 0;
      if (at.quiet && !ended)
        return { cause: 'collector_silent', completeTo: formatTime(late?.completeTo ?? at.host.time) };
      const cause = causeOf(one, late?.cause);
      return cause === null ? null : { cause, completeTo: formatMaybe(late?.completeTo ?? null) };
    },
    gaps(one) {
      const lost = byHost.get(one.host)?.gaps.get(one.fid) ?? [];
      return lost.map(({ cause, from, to, bytes }) => ({
        cause,
        from: formatTime(from),
        to: formatTime(to),
        bytes,
      }));
    },
  };
}

function causeOf(one: FleetSource, said: string | undefined): BehindCause | null {
  if (one.state === 'denied' || one.state === 'failed') return one.state;
  if (said === undefined) return null;
  if (one.spooled) return 'spooled';
  // A later collector may know causes that this build does not: something keeps the file from being read.
  return SAID.get(said) ?? 'failed';
}
