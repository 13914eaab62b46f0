import { FleetlogError } from '../../model/errors.ts';

/** Wire types of https://protobuf.dev/programming-guides/encoding/. */
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const GROUP = 3;
const GROUP_END = 4;
const FIXED32 = 5;

/** One field of a message as it stands on the wire. `at` and `end` bound its value; `varint` is read already. */
export interface Field {
  number: number;
  type: number;
  at: number;
  end: number;
  bytes: Buffer;
}

function broken(why: string): never {
  throw new FleetlogError('bad_batch', `cannot read the protobuf body: ${why}`, {
    hint: 'look at the content type: JSON goes as application/json, protobuf as application/x-protobuf',
  });
}

/**
 * Calls `take` for each field of the message in `bytes[at, end)`, in order. Every length is checked against its message before it is
 * followed, so hostile bytes cost no more than their own length. Throws `bad_batch` for what is no message. The field is one object,
 * used again for the next.
 */
export function readMessage(bytes: Buffer, at: number, end: number, take: (field: Field) => void): void {
  const field: Field = { number: 0, type: 0, at, end, bytes };
  for (let p = at; p < end; ) {
    const tagEnd = varintEnd(bytes, p, end);
    const tag = lowBits(bytes, p, tagEnd);
    if (tagEnd - p > 5 || tag < 8) broken('a field has no number');
    field.number = tag >>> 3;
    field.type = tag & 7;
    p = tagEnd;
    switch (field.type) {
      case VARINT:
        field.at = p;
        p = varintEnd(bytes, p, end);
        break;
      case FIXED64:
      case FIXED32:
        field.at = p;
        p += field.type === FIXED64 ? 8 : 4;
        break;
      case BYTES: {
        const lengthEnd = varintEnd(bytes, p, end);
        if (lengthEnd - p > 5) broken('a length is too large');
        field.at = lengthEnd;
        p = lengthEnd + lowBits(bytes, p, lengthEnd);
        break;
      }
      default:
        broken(field.type === GROUP || field.type === GROUP_END ? 'groups are not used here' : 'unknown wire type');
    }
    if (p > end) broken('it is cut off');
    field.end = p;
    take(field);
  }
}

/** Behind the varint at `p`. */
function varintEnd(bytes: Buffer, p: number, end: number): number {
  const last = Math.min(end, p + 10);
  for (let i = p; i < last; i++) if (bytes[i] < 0x80) return i + 1;
  return broken(last < p + 10 ? 'it is cut off' : 'a number has more than ten bytes');
}

/** The low 32 bits of a varint, unsigned. */
function lowBits(bytes: Buffer, at: number, end: number): number {
  let value = 0;
  for (let i = at, shift = 0; i < end && shift < 32; i++, shift += 7) value |= (bytes[i] & 0x7f) << shift;
  return value >>> 0;
}

function assertType(field: Field, type: number): void {
  if (field.type !== type) broken(`field ${field.number} has another wire type`);
}

/** A nested message, read like `readMessage`. */
export function readNested(field: Field, take: (field: Field) => void): void {
  assertType(field, BYTES);
  readMessage(field.bytes, field.at, field.end, take);
}

/** A view of the field's bytes. */
export function bytesOf(field: Field): Buffer {
  assertType(field, BYTES);
  return field.bytes.subarray(field.at, field.end);
}

/** A string; bytes that are not UTF-8 read as U+FFFD. */
export function stringOf(field: Field): string {
  assertType(field, BYTES);
  return field.bytes.toString('utf8', field.at, field.end);
}

/** uint32, enum or bool; of a larger number the low 32 bits. */
export function uint32Of(field: Field): number {
  assertType(field, VARINT);
  return lowBits(field.bytes, field.at, field.end);
}

/** fixed32. */
export function fixed32Of(field: Field): number {
  assertType(field, FIXED32);
  return field.bytes.readUInt32LE(field.at);
}

/** int64 from a varint. */
export function int64Of(field: Field): bigint {
  assertType(field, VARINT);
  let value = 0n;
  for (let i = field.at, shift = 0n; i < field.end; i++, shift += 7n) value |= BigInt(field.bytes[i] & 0x7f) << shift;
  return BigInt.asIntN(64, value);
}

/** fixed64, unsigned. */
export function fixed64Of(field: Field): bigint {
  assertType(field, FIXED64);
  return field.bytes.readBigUInt64LE(field.at);
}

export function doubleOf(field: Field): number {
  assertType(field, FIXED64);
  return field.bytes.readDoubleLE(field.at);
}

/** A varint field, for answers. */
export function varintField(number: number, value: number): Buffer {
  return Buffer.concat([varint(number * 8 + VARINT), varint(value)]);
}

/** A string or message field, for answers. */
export function bytesField(number: number, value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([varint(number * 8 + BYTES), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const out: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) out.push((rest % 128) | 0x80);
  return Buffer.from([...out, rest]);
}
