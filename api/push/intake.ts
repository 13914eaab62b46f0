import type { Clock } from '../../model/clock.ts';
import type { Config } from '../../model/config.ts';
import { detectLevel } from '../../model/detect-level.ts';
import { FleetlogError } from '../../model/errors.ts';
import { UNDETECTED_LEVEL } from '../../model/level.ts';
import { FLAG } from '../../model/record.ts';
import type { RetentionClasses } from '../../model/retention-classes.ts';
import type { Principal } from '../auth/principal.ts';
import { scopeAllows } from '../scope.ts';
import type { Arrivals } from './arrivals.ts';
import { compose } from './compose.ts';
import type { Defaults, IdentityRules } from './identity.ts';
import type { Attribute, Lookup, PushedLine } from './line.ts';
import { addRow, createRows, type RowEncoder, type Rows, spansOf } from './rows.ts';
import { type Sessions, sourceIn } from './sessions.ts';
import type { PushTelemetry, RefusalReason, TimeReason } from './telemetry.ts';

const DAY_US = 86_400e6;
/** A line that is as old as retention while it waits would be dropped by the store. */
const RETENTION_MARGIN_US = 600e6;

/** Where lines of one identity go, or why nowhere. */
export interface Place {
  rows: Rows | null;
  refusal: FleetlogError | null;
  stream: number;
  /** Keys the source holds; no attributes of its lines. */
  used: ReadonlySet<string>;
}

/** One request's lines: placed, taken or refused one by one, then stored together. */
export interface Intake {
  readonly arrival: number;
  place(labels: Lookup, defaults: Defaults): Place;
  /** Null when it was taken, else why not. Throws `body_too_large` beyond `push.maxLines`. */
  add(place: Place, line: PushedLine): FleetlogError | null;
  /** Counts a line that is none. */
  refuse(reason: RefusalReason, why: FleetlogError): FleetlogError;
  /** Resolves when the store has all that was taken. Rejects with `store_full`, `store_busy`…: the sender sends all of it again. */
  store(): Promise<void>;
  taken(): number;
  refused(): number;
  firstRefusal(): FleetlogError | null;
}

export interface IntakeParts {
  config: Config;
  clock: Clock;
  rules: IdentityRules;
  classes: RetentionClasses;
  sessions: Sessions;
  arrivals: Arrivals;
  encoder: RowEncoder;
  telemetry: PushTelemetry;
  publish: (batch: Buffer, principal: Principal) => Promise<void>;
}

export function createIntake(
  parts: IntakeParts,
  request: { principal: Principal; input: string; key: string | null },
): Intake {
  const { config, telemetry } = parts;
  const { principal, input, key } = request;
  const arrival = parts.clock.nowUs();
  const owner = principal.id;
  const limits = batchLimits(config);
  const places = new Map<string, Place>();
  let row = 0;
  let taken = 0;
  let refused = 0;
  let first: FleetlogError | null = null;

  function newPlace({ source, stream, used }: ReturnType<IdentityRules['identify']>): Place {
    if (places.size >= config.push.maxSources) {
      throw new FleetlogError('body_too_large', 'cannot take the request: it has lines of too many sources', {
        hint: `at most ${config.push.maxSources} (push.maxSources); is an id among push.appKeys, push.envKeys or push.hostKeys?`,
      });
    }
    if (scopeAllows(principal, source.app, source.env))
      return { rows: createRows(source), refusal: null, stream, used };
    const name = JSON.stringify(`${source.app}/${source.env}`);
    const refusal = new FleetlogError('forbidden', `cannot take lines of ${name}: this token may not write them`, {
      hint: `fleetlog token create NAME --role push --scope ${name}`,
    });
    return { rows: null, refusal, stream, used };
  }

  function refuse(reason: RefusalReason, why: FleetlogError): FleetlogError {
    telemetry.refused(input, reason, 1);
    refused++;
    row++;
    first ??= why;
    return why;
  }

  /** Why the line's own time cannot be its time, or null. */
  function timeTrouble(line: PushedLine, rows: Rows): TimeReason | null {
    if (line.time === null) return line.given ? 'unreadable' : 'absent';
    if (line.time > arrival + DAY_US) return 'future';
    const { app, env } = rows.source;
    const { days } = parts.classes.of(app, env);
    return line.time < arrival + RETENTION_MARGIN_US - days * DAY_US ? 'too_old' : null;
  }

  return {
    arrival,

    place(labels, defaults) {
      const found = parts.rules.identify(labels, defaults);
      const identity = JSON.stringify([found.source, found.stream]);
      let place = places.get(identity);
      if (!place) places.set(identity, (place = newPlace(found)));
      // Which key named it may differ from line to line.
      return { ...place, used: found.used };
    },

    add(place, line) {
      if (taken + refused >= config.push.maxLines) {
        throw new FleetlogError('body_too_large', 'cannot take the request: it has too many lines', {
          hint: `at most ${config.push.maxLines} (push.maxLines)`,
        });
      }
      if (!place.rows) return refuse('scope', place.refusal!);
      const trouble = timeTrouble(line, place.rows);
      let attributes: Attribute[] = line.attributes.filter(([name]) => !place.used.has(name));
      if (trouble) {
        telemetry.arrivalTime(trouble);
        if (line.given) attributes = [line.given, ...attributes];
      }
      const { message, flags } = compose({ message: line.message, attributes }, limits.lineBytes);
      if (flags & FLAG.TRUNCATED) telemetry.cut();
      addRow(place.rows, {
        time: trouble ? Number.NaN : line.time!,
        offset: row++,
        level: line.level === UNDETECTED_LEVEL && line.message !== null ? levelOf(line.message) : line.level,
        flags: flags | place.stream,
        message,
      });
      taken++;
      return null;
    },

    refuse,

    async store() {
      const full = [...places.values()].flatMap(({ rows }) => (rows && rows.sizes.length > 0 ? [rows] : []));
      const untimed = full.some((rows) => rows.times.some(Number.isNaN));
      const at = key !== null && untimed ? await parts.arrivals.of(owner, key, arrival) : arrival;
      const session = parts.sessions.take(owner, key);
      const published: Promise<void>[] = [];
      try {
        for (const [identity, { rows }] of places) {
          // Numbered in the order they came, refused ones too: a request that is sent again numbers them alike.
          const source = sourceIn(session, identity);
          if (!rows) continue;
          for (const span of spansOf(rows, limits.batchBytes)) {
            const end = session.row + rows.offsets[span[1] - 1] + 1;
            const position = { fid: session.fid, gen: source.gen, start: source.end, end };
            source.end = end;
            const batch = parts.encoder.encode(rows, span, { ...position, firstRow: session.row, arrival: at });
            published.push(parts.publish(batch, principal));
          }
        }
        await Promise.all(published);
      } catch (error) {
        await Promise.allSettled(published);
        telemetry.failed(input, error instanceof FleetlogError ? error.code : 'internal');
        throw error;
      }
      for (const { sizes } of full) telemetry.stored(input, sizes.length, sum(sizes));
      session.row += row;
      if (key === null) parts.sessions.give(owner, session);
    },

    taken: () => taken,
    refused: () => refused,
    firstRefusal: () => first,
  };
}

function sum(sizes: number[]): number {
  return sizes.reduce((total, size) => total + size, 0);
}

/** Level of the message itself: what it is stored as may begin with `{"message":`. */
function levelOf(message: string | Buffer): number {
  // Found in the first 200 bytes, or not at all.
  const head = typeof message === 'string' ? Buffer.from(message.slice(0, 4_096)) : message;
  return detectLevel(head, 0, head.length);
}

/** A record must fit a batch, and a batch what the bus takes. */
function batchLimits(config: Config): { lineBytes: number; batchBytes: number } {
  const { lineBytes, batchBytes } = config.collector;
  if (config.kafka.brokers.length === 0) return { lineBytes, batchBytes };
  // A line with attributes has up to twice its limit.
  const most = Math.floor(config.kafka.recordBytes * 0.9);
  return { lineBytes: Math.min(lineBytes, Math.floor(most / 3)), batchBytes: Math.min(batchBytes, most) };
}
