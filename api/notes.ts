import type { Clock } from '../model/clock.ts';
import type { Config } from '../model/config.ts';
import type { ApiNote } from './contract.ts';
import { formatTime, type Range } from './times.ts';

const DAY = 86_400e6;

/** Nothing older than this can be there, whatever its class. µs. */
export function retentionStart(config: Config, clock: Clock): number {
  const days = Math.max(config.retention.days, ...config.retention.classes.map((one) => one.days));
  return clock.nowUs() - days * DAY;
}

export function noteRetention(range: Range, config: Config, clock: Clock): ApiNote[] {
  const start = retentionStart(config, clock);
  return range.from < start ? [{ code: 'range_outside_retention', retentionStart: formatTime(start) }] : [];
}
