import type { CollectorConfig } from '../../model/config.ts';
import type { ContainerEvent } from '../discovery.ts';

/** Instances whose starts are remembered; the longest without a start goes first. */
const INSTANCES = 10_000;

/**
 * Recognises restart loops from start events: `loopStarts` of them within `loopMinutes` by one instance of an app, whether one container was started
 * again or each was another one. Told once a loop, with the time of the start that made it one.
 */
export function createRestartLoop(
  config: Pick<CollectorConfig, 'loopStarts' | 'loopMinutes'>,
): (event: ContainerEvent) => ContainerEvent | null {
  const { loopStarts, loopMinutes } = config;
  const instances = new Map<string, { starts: number[]; loops: boolean }>();

  return (event) => {
    if (event.type !== 'start' || loopStarts === 0) return null;
    const { app, env, instance } = event.source;
    const key = `${app}\0${env}\0${instance}`;
    const one = instances.get(key) ?? { starts: [], loops: false };
    instances.delete(key);
    instances.set(key, one);
    if (instances.size > INSTANCES) instances.delete(instances.keys().next().value!);
    // The engine tells its newest events again when it is reached again.
    if (one.starts.includes(event.time)) return null;
    const oldest = event.time - loopMinutes * 60e6;
    one.starts = [...one.starts, event.time].filter((time) => time > oldest).slice(-loopStarts);
    if (one.starts.length < loopStarts) {
      one.loops = false;
      return null;
    }
    if (one.loops) return null;
    one.loops = true;
    const attributes = { starts: `${loopStarts}`, minutes: `${loopMinutes}` };
    return { time: event.time, type: 'restart_loop', source: event.source, attributes };
  };
}
