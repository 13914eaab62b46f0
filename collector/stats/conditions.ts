import type { SampleRow } from '../../model/batch.ts';
import type { CollectorConfig } from '../../model/config.ts';
import type { ContainerEvent, RunningContainer } from '../discovery.ts';

export type Thresholds = Pick<
  CollectorConfig,
  'throttledPercent' | 'throttledRounds' | 'memoryPercent' | 'memoryStallPercent'
>;

interface Watched {
  startedAt: number;
  periods: number | undefined;
  throttled: number | undefined;
  /** Rounds in a row over the threshold. */
  rounds: number;
  isThrottled: boolean;
  isPressed: boolean;
}

/** After a fall below the threshold by this share of it the next rise is another onset; a figure at the edge tells once. */
const LET_GO = 0.9;

/** Tells when a container is throttled or short of memory, once each time that begins. */
export interface Conditions {
  /** One container's figures at `time`, µs; `stall` is the percent of the last 10 s it waited for memory, where that is known. */
  look(one: RunningContainer, values: SampleRow['values'], stall: number | undefined, time: number): ContainerEvent[];
  keep(running: ReadonlySet<string>): void;
}

export function createConditions(thresholds: Thresholds): Conditions {
  const watched = new Map<string, Watched>();

  function watch({ id, startedAt }: RunningContainer): Watched {
    const before = watched.get(id);
    if (before?.startedAt === startedAt) return before;
    const fresh = {
      startedAt,
      periods: undefined,
      throttled: undefined,
      rounds: 0,
      isThrottled: false,
      isPressed: false,
    };
    watched.set(id, fresh);
    return fresh;
  }

  /** Percent of the CPU periods since the last round in which it was stopped; null before the second one. */
  function throttledShare(one: Watched, values: SampleRow['values']): number | null {
    const { cpu_periods: periods, cpu_throttled_periods: throttled } = values;
    const { periods: periodsBefore, throttled: throttledBefore } = one;
    one.periods = periods;
    one.throttled = throttled;
    if (periods === undefined || throttled === undefined) return null;
    if (periodsBefore === undefined || throttledBefore === undefined || periods < periodsBefore) return null;
    return periods === periodsBefore ? 0 : (100 * (throttled - throttledBefore)) / (periods - periodsBefore);
  }

  function throttling(one: Watched, values: SampleRow['values']): Record<string, string> | null {
    const { throttledPercent: from, throttledRounds } = thresholds;
    const share = throttledShare(one, values);
    if (share === null || from === 0) return null;
    one.rounds = share >= from ? one.rounds + 1 : 0;
    if (share < from * LET_GO) one.isThrottled = false;
    if (one.isThrottled || one.rounds < throttledRounds) return null;
    one.isThrottled = true;
    const cores = values.cpu_limit_cores;
    return { throttledPercent: share.toFixed(0), ...(cores === undefined ? {} : { cpuLimitCores: `${cores}` }) };
  }

  function pressure(
    one: Watched,
    values: SampleRow['values'],
    stall: number | undefined,
  ): Record<string, string> | null {
    const { memoryPercent, memoryStallPercent } = thresholds;
    const { memory_bytes: used, memory_limit_bytes: limit } = values;
    const share = used === undefined || !limit ? null : (100 * used) / limit;
    const over = (figure: number | null | undefined, from: number, factor: number): boolean =>
      from > 0 && figure !== null && figure !== undefined && figure >= from * factor;
    const at = (factor: number): boolean =>
      over(share, memoryPercent, factor) || over(stall, memoryStallPercent, factor);
    if (!at(LET_GO)) one.isPressed = false;
    if (one.isPressed || !at(1)) return null;
    one.isPressed = true;
    return {
      ...(used === undefined ? {} : { memoryBytes: `${used}` }),
      ...(limit ? { memoryLimitBytes: `${limit}`, memoryPercent: share!.toFixed(0) } : {}),
      ...(stall === undefined ? {} : { memoryStallPercent: stall.toFixed(0) }),
    };
  }

  return {
    look(container, values, stall, time) {
      const one = watch(container);
      const { source } = container;
      const throttled = throttling(one, values);
      const pressed = pressure(one, values, stall);
      const events: ContainerEvent[] = [];
      if (throttled) events.push({ time, type: 'throttled', source, attributes: throttled });
      if (pressed) events.push({ time, type: 'memory_pressure', source, attributes: pressed });
      return events;
    },
    keep(running) {
      for (const id of watched.keys()) if (!running.has(id)) watched.delete(id);
    },
  };
}
