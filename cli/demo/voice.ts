import { hashHex, type Random } from './random.ts';

/** What a voice may speak of when it says one record. */
export interface Moment {
  /** Milliseconds since the epoch. */
  ms: number;
  /** 32 hex digits; the apps that serve one request within a second say the same. */
  trace: string;
  /** A bad minute of this app: more errors. */
  burst: boolean;
  /** Container's name. */
  instance: string;
  app: string;
}

export interface Entry {
  /** One record; lines of a trace are separated by `\n`. Never empty, no line of it is. */
  text: string;
  stderr: boolean;
}

/** Says one record. The same randomness and moments give the same texts. */
export type Voice = (random: Random, moment: Moment) => Entry;

export const said = (text: string): Entry => ({ text, stderr: false });
export const shouted = (text: string): Entry => ({ text, stderr: true });

/** Formats times (UTC); each keeps the last minute's text, since lines come in order. */
export interface Stamps {
  /** `2026-11-21 10:24:57` */
  second(ms: number): string;
  /** `2026-11-21 10:24:57.961` with the given separator before the milliseconds. */
  milli(ms: number, separator: string): string;
  /** `2026-11-21T10:24:57.961Z` */
  iso(ms: number): string;
  /** `21/Nov/2026:10:24:57 +0000` */
  web(ms: number): string;
  /** `Nov 21 10:24:57` */
  syslog(ms: number): string;
  /** `21 Nov 2026 10:24:57.961` */
  redis(ms: number): string;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const TWO: readonly string[] = Array.from({ length: 60 }, (_, i) => String(i).padStart(2, '0'));
const THREE: readonly string[] = Array.from({ length: 1000 }, (_, i) => String(i).padStart(3, '0'));

export function createStamps(): Stamps {
  let at = Number.NaN;
  let day = '';
  let clock = '';
  let month = '';
  function turn(ms: number): string {
    const minute = Math.floor(ms / 60_000);
    if (minute !== at) {
      at = minute;
      const iso = new Date(minute * 60_000).toISOString();
      day = iso.slice(0, 10);
      clock = iso.slice(11, 17);
      month = MONTHS[Number(iso.slice(5, 7)) - 1];
    }
    return clock + TWO[Math.floor(ms / 1000) % 60];
  }
  const millis = (ms: number): string => THREE[Math.floor(ms % 1000)];
  const date = (between: string): string => `${day.slice(8)}${between}${month}${between}${day.slice(0, 4)}`;
  // `turn` first: it moves the day on.
  const second = (ms: number, between: string): string => {
    const time = turn(ms);
    return day + between + time;
  };
  return {
    second: (ms) => second(ms, ' '),
    milli: (ms, separator) => second(ms, ' ') + separator + millis(ms),
    iso: (ms) => `${second(ms, 'T')}.${millis(ms)}Z`,
    web(ms) {
      const time = turn(ms);
      return `${date('/')}:${time} +0000`;
    },
    syslog(ms) {
      const time = turn(ms);
      return `${month} ${day.slice(8).replace(/^0/, ' ')} ${time}`;
    },
    redis(ms) {
      const time = turn(ms);
      return `${date(' ')} ${time}.${millis(ms)}`;
    },
  };
}

/** Requests a second that leave lines in several apps. */
const TRACES_PER_SECOND = 8;

/** Trace ids as a function of time alone: apps speak of the same requests without knowing of each other. */
export function createTraces(seed: number): (ms: number, random: Random) => string {
  let at = Number.NaN;
  let ids: string[] = [];
  return (ms, random) => {
    const second = Math.floor(ms / 1000);
    if (second !== at) {
      at = second;
      ids = [];
    }
    const slot = random.int(TRACES_PER_SECOND);
    ids[slot] ??= hashHex(4, seed, second, slot);
    return ids[slot];
  };
}

/** Milliseconds a request took: mostly tens, a tail into seconds. */
export function cost(random: Random): number {
  const u = random.next();
  if (u < 0.8) return 3 + random.int(120);
  if (u < 0.9) return 120 + random.int(380);
  return 400 + random.int(u < 0.99 ? 600 : 3_000);
}

export const orderNo = (random: Random, ms: number): string =>
  `${new Date(ms).getUTCFullYear()}${String(ms).slice(2, 12)}${String(random.int(1e6)).padStart(6, '0')}`;

export const address = (random: Random): string =>
  `${10 + random.int(180)}.${random.int(256)}.${random.int(256)}.${1 + random.int(254)}`;

export const money = (random: Random): string => (random.int(500_000) / 100).toFixed(2);
