import type { Registry } from 'prom-client';
import type { HostDoc } from '../model/fleet.ts';
import type { ApiRedaction } from './contract.ts';
import { PUSH_REDACTED } from './push/telemetry.ts';
import { formatMaybe } from './times.ts';

const PLACES = 'redacted:';
const LINES = 'redacted_lines:';

/** What a host's collector redacted since it started, a row for every rule that is on. Rules' names are told, never what they found. */
export function hostRedactions({ host, since, counters }: HostDoc): ApiRedaction[] {
  return Object.entries(counters).flatMap(([key, places]) => {
    if (!key.startsWith(PLACES)) return [];
    const rule = key.slice(PLACES.length);
    return [{ rule, host, since: formatMaybe(since ?? null), places, lines: counters[LINES + rule] ?? 0 }];
  });
}

/** The same of lines pushed to this process. */
export async function pushedRedactions(registry: Registry, since: string): Promise<ApiRedaction[]> {
  const read = async (name: string): Promise<Map<string, number>> => {
    const { values } = (await registry.getSingleMetric(name)?.get()) ?? { values: [] };
    return new Map(values.map(({ labels, value }) => [String(labels.reason), value]));
  };
  const lines = await read(PUSH_REDACTED.lines);
  return [...(await read(PUSH_REDACTED.places))].map(([rule, places]) => {
    return { rule, host: null, since, places, lines: lines.get(rule) ?? 0 };
  });
}
