import { FleetlogError } from '../../model/errors.ts';
import { textOf } from './compose.ts';
import { isObject } from './json-document.ts';
import { nanosToUs } from './line-time.ts';
import {
  DEEPEST,
  emptyRecord,
  numberValue,
  type OtlpAttributes,
  type OtlpRecord,
  type OtlpResource,
  type OtlpScope,
  type OtlpValue,
  objectValue,
  TOO_DEEP,
  textValue,
} from './otlp.ts';

type Json = Record<string, unknown>;

/**
 * The JSON form of `ExportLogsServiceRequest` (OTLP: lowerCamelCase, 64-bit numbers as texts or numbers, ids in hex). What is of
 * another type than it should be counts as absent. Throws `bad_batch` for what is no such document.
 */
export function readOtlpJson(body: Buffer): OtlpResource[] {
  let document: unknown;
  try {
    document = JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new FleetlogError('bad_batch', 'cannot read the logs: they are no JSON', { cause });
  }
  if (!isObject(document) || !(document.resourceLogs === undefined || Array.isArray(document.resourceLogs))) {
    throw new FleetlogError('bad_batch', 'cannot read the logs: there is no list resourceLogs', {
      hint: '{"resourceLogs":[{"resource":{…},"scopeLogs":[{"logRecords":[{…}]}]}]}',
    });
  }
  return objects(document.resourceLogs).map((one) => ({
    attributes: attributesOf(object(one.resource).attributes, 0),
    scopes: objects(one.scopeLogs).map(readScope),
  }));
}

function readScope(one: Json): OtlpScope {
  const scope = object(one.scope);
  return {
    name: text(scope.name),
    version: text(scope.version),
    attributes: attributesOf(scope.attributes, 0),
    records: objects(one.logRecords).map(readRecord),
  };
}

function readRecord(one: Json): OtlpRecord {
  const nanos = whole(one.timeUnixNano) || whole(one.observedTimeUnixNano);
  return {
    ...emptyRecord(),
    time: nanosToUs(nanos),
    nanos: nanos === 0n ? '' : String(nanos),
    severity: Number(whole(one.severityNumber)),
    severityText: text(one.severityText),
    body: readValue(one.body, 0),
    attributes: attributesOf(one.attributes, 0),
    eventName: text(one.eventName),
    traceId: text(one.traceId).toLowerCase(),
    spanId: text(one.spanId).toLowerCase(),
    flags: Number(whole(one.flags)),
    droppedAttributes: Number(whole(one.droppedAttributesCount)),
  };
}

const object = (value: unknown): Json => (isObject(value) ? value : {});
const objects = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isObject) : []);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** A whole number or its digits; 0 for anything else. */
function whole(value: unknown): bigint {
  if (typeof value === 'number' && Number.isSafeInteger(Math.trunc(value))) return BigInt(Math.trunc(value));
  if (typeof value === 'number' && Number.isFinite(value)) return BigInt(value);
  return typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? BigInt(value) : 0n;
}

function attributesOf(pairs: unknown, depth: number): OtlpAttributes {
  const attributes: OtlpAttributes = new Map();
  for (const pair of objects(pairs)) {
    const value = readValue(pair.value, depth);
    if (value) attributes.set(text(pair.key), value);
  }
  return attributes;
}

function readValue(given: unknown, depth: number): OtlpValue | null {
  if (!isObject(given)) return null;
  if (depth > DEEPEST) return TOO_DEEP;
  const { stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue, bytesValue } = given;
  if (typeof stringValue === 'string') return textValue(stringValue);
  if (typeof boolValue === 'boolean') return { json: String(boolValue), text: String(boolValue) };
  if (intValue !== undefined) {
    const digits = String(whole(intValue));
    return { json: digits, text: digits };
  }
  if (doubleValue !== undefined) return numberValue(Number(doubleValue));
  if (isObject(arrayValue)) {
    const items = Array.isArray(arrayValue.values) ? arrayValue.values : [];
    return { json: `[${items.map((item) => readValue(item, depth + 1)?.json ?? 'null').join(',')}]`, text: null };
  }
  if (isObject(kvlistValue)) return objectValue(attributesOf(kvlistValue.values, depth + 1));
  if (typeof bytesValue === 'string')
    return { json: JSON.stringify(bytesValue), text: textOf(Buffer.from(bytesValue, 'base64')) };
  return null;
}
