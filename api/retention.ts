import type { RetentionConfig } from '../model/config.ts';
import { createRetentionClasses } from '../model/retention-classes.ts';
import type { ClassStats } from '../store/log-store.ts';
import type { ApiRetentionClass } from './contract.ts';
import type { FleetSource } from './fleet-view.ts';
import { formatMaybe } from './times.ts';

/**
 * Every class of the configuration in its order (the first that matches counts), `default`, then classes that only have lines left; each with
 * what it holds and what its sources lost to age before it was stored.
 */
export function retentionItems(
  config: RetentionConfig,
  held: ClassStats[],
  sources: Pick<FleetSource, 'source' | 'dropped'>[],
): ApiRetentionClass[] {
  const classes = createRetentionClasses(config);
  const tooOld = new Map<string, number>();
  for (const { source, dropped } of sources) {
    const { name } = classes.of(source.app, source.env);
    tooOld.set(name, (tooOld.get(name) ?? 0) + (dropped.too_old ?? 0));
  }
  const rules = new Map(config.classes.map((one) => [one.name, one]));
  const left = held.filter(({ name, records }) => records > 0 && !rules.has(name) && name !== 'default');
  const names = [...rules.keys(), 'default', ...left.map(({ name }) => name)];
  return [...new Set(names)].map((name) => {
    const rule = rules.get(name);
    const { days, bytes } = classes.named(name);
    const own = held.find((one) => one.name === name);
    return {
      name,
      app: rule?.app ?? null,
      env: rule?.env ?? null,
      configured: rule !== undefined || name === 'default',
      days,
      bytes: bytes || null,
      records: own?.records ?? 0,
      diskBytes: own?.diskBytes ?? 0,
      oldest: formatMaybe(own?.oldest ?? null),
      newest: formatMaybe(own?.newest ?? null),
      nextRemovalAt: formatMaybe(own?.nextRemoval ?? null),
      tooOldBytes: tooOld.get(name) ?? 0,
    };
  });
}
