import type { DemoContainer, VoiceName } from './fleet.ts';
import { createRandom, hashHex, mix } from './random.ts';
import { createTraces, type Entry, type Voice } from './voice.ts';
import { bastionVoice, cacheVoice, datanodeVoice, gatewayVoice } from './voice-daemon.ts';
import { couponVoice, inventoryVoice, orderVoice, payVoice, userVoice } from './voice-java.ts';
import { notifyVoice, reportVoice, riskVoice, searchVoice } from './voice-service.ts';

const VOICES: Record<VoiceName, () => Voice> = {
  order: orderVoice,
  pay: payVoice,
  user: userVoice,
  inventory: inventoryVoice,
  coupon: couponVoice,
  gateway: gatewayVoice,
  risk: riskVoice,
  datanode: datanodeVoice,
  bastion: bastionVoice,
  search: searchVoice,
  notify: notifyVoice,
  report: reportVoice,
  cache: cacheVoice,
};

/** About one minute in 25 is a bad one for an app. */
const BURST_SHARE = 0.04;

/** True in an app's bad minutes: the same minutes for all its replicas. */
export function inBurst(seed: number, voice: VoiceName, ms: number): boolean {
  const word = [...voice].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7);
  return mix(seed, word | 0, Math.floor(ms / 60_000)) / 4_294_967_296 < BURST_SHARE;
}

export interface Speaker {
  /** What the container says at that time; times must not go back. */
  say(ms: number): Entry;
}

/** One container's voice. `seed` is the fleet's: it makes trace ids and bad minutes common to all. */
export function createSpeaker(container: DemoContainer, seed: number): Speaker {
  const random = createRandom(mix(seed, container.seed));
  const voice = VOICES[container.voice]();
  const traceAt = createTraces(seed);
  let minute = Number.NaN;
  let burst = false;
  return {
    say(ms) {
      if (Math.floor(ms / 60_000) !== minute) {
        minute = Math.floor(ms / 60_000);
        burst = inBurst(seed, container.voice, ms);
      }
      const trace = traceAt(ms, random);
      return voice(random, { ms, trace, burst, instance: container.name, app: container.app });
    },
  };
}

export interface DemoRecord {
  /** Time of its first line: whole seconds since the epoch, and nanoseconds. */
  seconds: number;
  nanos: number;
  /** Lines separated by `\n`. */
  text: string;
  stderr: boolean;
}

export interface RecordPlan {
  seed: number;
  /** Milliseconds since the epoch; the records spread evenly over [from, to). */
  from: number;
  to: number;
  /** Bytes of text after which it ends. */
  bytes: number;
}

/** Nanoseconds between two lines of one trace. */
export const LINE_NANOS = 3_000;

/** The records of one container, in order, times never going back; the same plan gives the same records. */
export function* containerRecords(container: DemoContainer, plan: RecordPlan): Generator<DemoRecord> {
  const speaker = createSpeaker(container, plan.seed);
  const random = createRandom(mix(plan.seed, container.seed, 1));
  const start = Math.floor(plan.from / 1000);
  const offset = (plan.from - start * 1000) * 1e6;
  const span = (plan.to - plan.from) * 1e6;
  const needle = needleRecord(container, plan.seed);
  let needleAt = needle ? plan.bytes * NEEDLE_PLACE : Number.POSITIVE_INFINITY;
  let done = 0;
  let last = -1;
  while (done < plan.bytes) {
    const natural = Math.floor(((done + random.next() * 100) / plan.bytes) * span);
    // Some records share the time of the one before: order within a timestamp is part of what is promised.
    const at = last >= 0 && random.chance(0.02) ? last : Math.max(last + 1_000, natural);
    let { text, stderr } = speaker.say(plan.from + at / 1e6);
    if (done >= needleAt) {
      text = needle!;
      stderr = false;
      needleAt = Number.POSITIVE_INFINITY;
    }
    const total = offset + at;
    yield { seconds: start + Math.floor(total / 1e9), nanos: total % 1e9, text, stderr };
    last = at;
    for (let p = text.indexOf('\n'); p >= 0; p = text.indexOf('\n', p + 1)) last += LINE_NANOS;
    done += Buffer.byteLength(text);
  }
}

/** Where in its container's bytes the needle lies: within the last quarter of the time. */
const NEEDLE_PLACE = 0.9;

/** Texts that occur exactly once in all containers of a fleet; benches look for them. */
export interface Needles {
  app: string;
  env: string;
  /** A word. */
  token: string;
  /** 12 hex digits from inside a trace id. */
  hex: string;
}

export function needles(seed: number): Needles {
  return { app: 'shop-pay', env: 'prod', token: `RF${hashHex(3, seed, 77)}`, hex: hashHex(4, seed, 78).slice(9, 21) };
}

function needleRecord(container: DemoContainer, seed: number): string | null {
  const { app, env, token } = needles(seed);
  if (container.app !== app || container.env !== env || container.slot !== 1) return null;
  return `refund accepted refundNo=${token} traceId=${hashHex(4, seed, 78)} amount=66.00 退款受理成功`;
}
