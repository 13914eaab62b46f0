import { Type } from 'typebox';
import { path, whole } from './config-fields.ts';

/** Keys of `collector` for the figures of the host and its containers. */
export const STATS_KEYS = {
  statsMs: whole('Interval of container figures.', 10_000, 1_000),
  statsFrom: Type.Enum(['auto', 'cgroup', 'docker', 'none'], {
    default: 'auto',
    description:
      'Where figures of containers come from: `cgroup` files; the `docker` API, at some thirty times the cost and for some 50 containers at most; `auto` takes the files and asks Docker for containers that have none here; `none` measures nothing, the host neither.',
  }),
  procDir: path(
    "The host's `/proc`; in a container the path it is mounted at. Figures of the host and of networks.",
    '/proc',
  ),
  cgroupDir: path("The host's `/sys/fs/cgroup`, version 1 or 2.", '/sys/fs/cgroup'),
  layerMs: whole(
    'Interval of measuring what containers wrote into their own layer, by walking its folder (5,000 files at most) or by asking Docker for sizes; 0 never does, and `disk_used_bytes` is absent.',
    900_000,
    0,
  ),
  throttledPercent: whole(
    'Share of throttled CPU periods from which a container counts as throttled; 0 tells of none.',
    50,
    0,
    100,
  ),
  throttledRounds: whole('Intervals in a row after which an event tells of it.', 3, 1, 1_000),
  memoryPercent: whole('Share of its memory limit from which an event tells of it; 0 tells of none.', 95, 0, 100),
  memoryStallPercent: whole(
    'Share of 10 s in which all processes of a container waited for memory (`full avg10` of `memory.pressure`) from which an event tells of it; 0 tells of none.',
    20,
    0,
    100,
  ),
  loopStarts: whole(
    'Starts of one instance within `loopMinutes` that make a restart loop; 0 tells of none.',
    5,
    0,
    1_000,
  ),
  loopMinutes: whole('Window of that count.', 10, 1, 1_440),
};
