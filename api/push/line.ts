import { UNDETECTED_LEVEL } from '../../model/level.ts';

/** A value's text as it stands in JSON, by key, in order. */
export type Attribute = readonly [key: string, json: string];

/** A line as an input read it, before it has a place. */
export interface PushedLine {
  /** µs; null when none was given or it cannot be read. */
  time: number | null;
  /** The time as it was given, kept as an attribute when the arrival counts instead. */
  given: Attribute | null;
  /** Ordinal, or UNDETECTED_LEVEL: the message says. */
  level: number;
  /** Bytes only where they are not UTF-8; null when the attributes are all there is. */
  message: string | Buffer | null;
  attributes: Attribute[];
}

export function bareLine(message: string | Buffer): PushedLine {
  return { time: null, given: null, level: UNDETECTED_LEVEL, message, attributes: [] };
}

/** The text a label or attribute has under a key, if it has one; what places and times are found by. */
export type Lookup = (key: string) => string | undefined;
