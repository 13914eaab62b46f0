import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  createDockerEncoder,
  type DockerLogFile,
  type DockerState,
  type LogLimits,
  logPath,
  openDockerLog,
  pidOf,
  writeDockerConfig,
} from './docker-files.ts';
import { encodeRecord } from './docker-logs.ts';
import { type DemoContainer, fleetContainers } from './fleet.ts';
import { createHostFiles } from './host-files.ts';
import { farewell, greeting, type Incident, nextVersion, pickIncident } from './lifecycle.ts';
import { createSpeaker, inBurst, type Speaker } from './lines.ts';
import { createRandom, mix } from './random.ts';

/** A fleet that lives in a directory. Time is what the caller says it is; nothing here waits. */
export interface MadeUpFleet {
  /** Milliseconds since the epoch up to which it has spoken. */
  readonly now: number;
  /** Lines written so far. */
  readonly lines: number;
  /** Lets time pass to `ms` and writes what is said meanwhile. */
  advance(ms: number): void;
  /** Lets time pass in silence. */
  skip(ms: number): void;
  /** Shows the figures of what runs now, as the kernel would; without `hostDir` nothing. */
  measure(): void;
  /** Lets something happen to one container; `advance` brings it back a little later. */
  strike(incident?: Incident): { container: DemoContainer; incident: Incident };
  containers(): readonly DemoContainer[];
  close(): void;
}

interface Member {
  container: DemoContainer;
  state: DockerState;
  file: DockerLogFile;
  encode: ReturnType<typeof createDockerEncoder>;
  speaker: Speaker;
  /** Lines owed: grows with time, falls by what was said. */
  credit: number;
  /** Down until then, ms; 0 while running. */
  downUntil: number;
  generation: number;
}

export interface MadeUpFleetOptions {
  dir: string;
  seed: number;
  linesPerSecond: number;
  /** Where its time begins, ms. Logs that are there already move it on: a container's time never goes back. */
  from: number;
  containers?: number;
  limits?: LogLimits;
  /** Folder of the made-up machine's `/proc` and cgroups. */
  hostDir?: string;
}

/** 39 containers hold at most about 230 MB of logs with this. */
const LIMITS: LogLimits = { maxBytes: 2 << 20, maxFiles: 3 };
/** A replaced container's directory stays this long, as with a deploy that removes the old one after the new one is healthy. */
const RETIRE_MS = 30_000;

export function createMadeUpFleet(options: MadeUpFleetOptions): MadeUpFleet {
  const { dir, seed, linesPerSecond } = options;
  const limits = options.limits ?? LIMITS;
  const random = createRandom(mix(seed, 2));
  const retired: { id: string; at: number }[] = [];
  let now = Math.max(options.from, newestLog(dir));
  let lines = 0;
  const members = fleetContainers(seed, options.containers).map((container) => enlist(adopt(dir, container)));
  const figures = options.hostDir === undefined ? null : createHostFiles(options.hostDir);
  removeStrangers(dir, new Set(members.map((member) => member.container.id)));

  function enlist(container: DemoContainer, generation = 0): Member {
    const state = { running: true, createdAt: new Date(now), startedAt: new Date(now) };
    writeDockerConfig(dir, container, state, limits);
    return {
      container,
      state,
      file: openDockerLog(logPath(dir, container.id), limits),
      encode: createDockerEncoder(),
      speaker: createSpeaker(container, seed),
      credit: random.next(),
      downUntil: 0,
      generation,
    };
  }

  function write(member: Member, texts: { ms: number; text: string; stderr: boolean }[]): void {
    const parts: string[] = [];
    for (const { ms, text, stderr } of texts) {
      const seconds = Math.floor(ms / 1000);
      const nanos = Math.floor((ms - seconds * 1000) * 1e6);
      lines += encodeRecord({ seconds, nanos, text, stderr }, member.encode, parts);
    }
    if (parts.length > 0) member.file.write(Buffer.from(parts.join('')));
  }

  const plain = (texts: string[], ms: number): { ms: number; text: string; stderr: boolean }[] =>
    texts.map((text) => ({ ms, text, stderr: false }));

  function speak(member: Member, from: number, to: number): void {
    const rate = linesPerSecond * member.container.share * busyness(member, to);
    member.credit += (rate * (to - from)) / 1000;
    const count = Math.floor(member.credit);
    if (count === 0) return;
    member.credit -= count;
    const texts = [];
    for (let i = 0; i < count; i++) {
      const ms = from + ((i + random.next()) / count) * (to - from);
      const { text, stderr } = member.speaker.say(ms);
      texts.push({ ms, text, stderr });
    }
    write(member, texts);
  }

  /** How much it has to do at `ms` against what is usual. */
  function busyness(member: Member, ms: number): number {
    return wave(ms) * (inBurst(seed, member.container.voice, ms) ? 1.8 : 1);
  }

  function bringBack(member: Member): void {
    member.downUntil = 0;
    member.state = {
      ...member.state,
      running: true,
      startedAt: new Date(now),
      restarts: (member.state.restarts ?? 0) + 1,
    };
    writeDockerConfig(dir, member.container, member.state, limits);
    write(member, plain(greeting(member.container, now), now));
  }

  function deploy(at: number): void {
    const old = members[at];
    write(old, plain(farewell(old.container, 'deploy', now), now));
    old.file.close();
    writeDockerConfig(
      dir,
      old.container,
      { ...old.state, running: false, finishedAt: new Date(now), exitCode: 143 },
      limits,
    );
    retired.push({ id: old.container.id, at: now + RETIRE_MS });
    members[at] = enlist(nextVersion(old.container, old.generation + 1), old.generation + 1);
    write(members[at], plain(greeting(members[at].container, now), now));
  }

  return {
    get now() {
      return now;
    },
    get lines() {
      return lines;
    },
    advance(ms) {
      if (ms <= now) return;
      const from = now;
      now = ms;
      for (const member of members) {
        if (member.downUntil === 0) speak(member, from, ms);
        else if (ms >= member.downUntil) bringBack(member);
      }
      while (retired.length > 0 && retired[0].at <= now) {
        rmSync(join(dir, retired.shift()!.id), { recursive: true, force: true });
      }
    },
    skip(ms) {
      now = Math.max(now, ms);
    },
    measure() {
      const running = members.filter((member) => member.downUntil === 0);
      figures?.write(
        running.map((member) => ({
          container: member.container,
          pid: pidOf(member.container),
          startedAt: member.state.startedAt,
          busy: busyness(member, now),
        })),
        now,
      );
    },
    strike(incident = pickIncident(random)) {
      const at = random.int(members.length);
      const member = members[at];
      const { container } = member;
      if (incident === 'deploy' && member.downUntil === 0) deploy(at);
      else if (member.downUntil === 0) {
        write(member, plain(farewell(container, incident, now), now));
        const oomKilled = incident === 'oom';
        member.state = {
          ...member.state,
          running: false,
          finishedAt: new Date(now),
          exitCode: oomKilled ? 137 : 143,
          oomKilled,
        };
        member.downUntil = now + 1_500;
        writeDockerConfig(dir, container, member.state, limits);
      }
      return { container, incident };
    },
    containers: () => members.map((member) => member.container),
    close() {
      for (const member of members) member.file.close();
    },
  };
}

/** A day's ups and downs in a quarter of an hour, so that a first look shows a curve. */
function wave(ms: number): number {
  return 1 + 0.35 * Math.sin((ms / 900_000) * 2 * Math.PI) + 0.15 * Math.sin((ms / 130_000) * 2 * Math.PI);
}

interface ConfigFile {
  ID?: string;
  Name?: string;
  State?: { Running?: boolean };
  Config?: { Image?: string };
}

function configs(dir: string): ConfigFile[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir).flatMap((id) => {
    const path = join(dir, id, 'config.v2.json');
    return existsSync(path) ? [JSON.parse(readFileSync(path, 'utf8')) as ConfigFile] : [];
  });
}

/** Goes on with the container that an earlier run left under this name. */
function adopt(dir: string, container: DemoContainer): DemoContainer {
  const left = configs(dir).filter((config) => config.Name === `/${container.name}` && config.ID);
  const found = left.find((config) => config.State?.Running) ?? left[0];
  if (!found?.ID) return container;
  return { ...container, id: found.ID, version: found.Config?.Image?.split(':').at(-1) ?? container.version };
}

function removeStrangers(dir: string, known: ReadonlySet<string>): void {
  for (const config of configs(dir)) {
    if (config.ID && !known.has(config.ID)) rmSync(join(dir, config.ID), { recursive: true, force: true });
  }
}

/** When an earlier run wrote last, ms; 0 without one. */
function newestLog(dir: string): number {
  if (!existsSync(dir)) return 0;
  let newest = 0;
  for (const id of readdirSync(dir)) {
    const path = logPath(dir, id);
    if (existsSync(path) && statSync(path).size > 0) newest = Math.max(newest, statSync(path).mtimeMs);
  }
  return newest;
}
