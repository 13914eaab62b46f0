import { FleetlogError } from '../model/errors.ts';
import { HOST_KIND, type HostDoc, INVENTORY_KIND, LEDGER_KIND, ledgerPrefix } from '../model/fleet.ts';
import type { StateStore } from '../store/state-store.ts';

/**
 * Removes what is kept of a host that is no more, so that it is a gap no longer; its lines stay. Rejects with
 * `not_found`, or with `host_reporting` while it is heard of: it would be back with its next status.
 */
export async function forgetHost(state: StateStore, host: string, silent: (doc: HostDoc) => boolean): Promise<void> {
  const known = await state.get<HostDoc>(HOST_KIND, host);
  if (!known) throw new FleetlogError('not_found', `cannot find host ${host}`);
  if (!silent(known.doc))
    throw new FleetlogError('host_reporting', `cannot forget host ${host}: it still reports`, {
      hint: 'stop its collector first; it is silent after ingest.silentMs',
    });
  await state.delete(INVENTORY_KIND, host);
  await state.delete(LEDGER_KIND, host);
  for (;;) {
    const { items } = await state.list(LEDGER_KIND, { prefix: ledgerPrefix(host) });
    for (const { id } of items) await state.delete(LEDGER_KIND, id);
    if (items.length === 0) break;
  }
  // Last, for without it nobody would ask again after a failure; and only if it said nothing meanwhile.
  await state.delete(HOST_KIND, host, known.version);
}
