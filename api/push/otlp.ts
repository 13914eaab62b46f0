import { UNDETECTED_LEVEL } from '../../model/level.ts';
import { withoutBreak } from './document-line.ts';
import type { Defaults, IdentityRules } from './identity.ts';
import type { Intake, Place } from './intake.ts';
import type { Attribute, Lookup } from './line.ts';
import { namedLevel, severityLevel } from './line-level.ts';
import { createSlices } from './slices.ts';

/** A value of any kind: its JSON, and its text when it is a scalar. */
export interface OtlpValue {
  json: string;
  text: string | Buffer | null;
}

export type OtlpAttributes = Map<string, OtlpValue>;

export interface OtlpResource {
  attributes: OtlpAttributes;
  scopes: OtlpScope[];
}

export interface OtlpScope {
  name: string;
  version: string;
  attributes: OtlpAttributes;
  records: OtlpRecord[];
}

export interface OtlpRecord {
  /** µs: its own time, else when it was observed. */
  time: number | null;
  /** That time as it came, in nanoseconds. */
  nanos: string;
  severity: number;
  severityText: string;
  body: OtlpValue | null;
  attributes: OtlpAttributes;
  eventName: string;
  /** Hex, or empty. */
  traceId: string;
  spanId: string;
  flags: number;
  droppedAttributes: number;
}

/** Values nested deeper than this are left out: nobody's logs are, and reading them takes the stack. */
export const DEEPEST = 32;
export const TOO_DEEP: OtlpValue = { json: JSON.stringify(`[nested deeper than ${DEEPEST} levels]`), text: null };

export function textValue(text: string | Buffer): OtlpValue {
  return { json: JSON.stringify(text.toString()), text };
}

export function objectValue(members: OtlpAttributes): OtlpValue {
  const all = [...members].map(([key, { json }]) => `${JSON.stringify(key)}:${json}`);
  return { json: `{${all.join(',')}}`, text: null };
}

/** JSON has no other numbers than finite ones. */
export function numberValue(value: number): OtlpValue {
  const text = String(value);
  return { json: Number.isFinite(value) ? text : `"${text}"`, text };
}

export function emptyRecord(): OtlpRecord {
  return {
    time: null,
    nanos: '',
    severity: 0,
    severityText: '',
    body: null,
    attributes: new Map(),
    eventName: '',
    traceId: '',
    spanId: '',
    flags: 0,
    droppedAttributes: 0,
  };
}

/** Takes all records of the resources. */
export async function takeResources(
  resources: OtlpResource[],
  intake: Intake,
  rules: IdentityRules,
  defaults: Defaults,
): Promise<void> {
  const slice = createSlices();
  for (const resource of resources) {
    let common: Place | null = null;
    for (const scope of resource.scopes) {
      for (const record of scope.records) {
        const own = [...record.attributes.keys()].some(rules.names);
        const place: Place = own
          ? intake.place(lookup(record.attributes, resource.attributes), defaults)
          : (common ??= intake.place(lookup(resource.attributes), defaults));
        takeRecord(intake, place, record, scope, resource);
        const turn = slice();
        if (turn) await turn;
      }
    }
  }
}

const lookup =
  (...maps: OtlpAttributes[]): Lookup =>
  (key) => {
    for (const map of maps) {
      const text = map.get(key)?.text;
      if (typeof text === 'string') return text;
    }
    return undefined;
  };

function takeRecord(intake: Intake, place: Place, record: OtlpRecord, scope: OtlpScope, resource: OtlpResource): void {
  const { body, severityText } = record;
  const named = namedLevel(severityText);
  const numbered = severityLevel(record.severity);
  const attributes: Attribute[] = [];
  const put = (key: string, value: string | number): void => {
    if (value !== '' && value !== 0) attributes.push([key, JSON.stringify(value)]);
  };
  put('trace_id', record.traceId);
  put('span_id', record.spanId);
  put('trace_flags', record.flags);
  put('event.name', record.eventName);
  if (named === UNDETECTED_LEVEL) put('severity_text', severityText);
  for (const [key, { json }] of record.attributes) attributes.push([key, json]);
  put('otel.scope.name', scope.name);
  put('otel.scope.version', scope.version);
  put('otel.dropped_attributes_count', record.droppedAttributes);
  for (const [key, { json }] of scope.attributes) attributes.push([key, json]);
  for (const [key, { json }] of resource.attributes)
    attributes.push([record.attributes.has(key) ? `resource.${key}` : key, json]);
  const text = body === null ? '' : (body.text ?? body.json);
  intake.add(place, {
    time: record.time,
    given: record.nanos === '' ? null : ['time', `"${record.nanos}"`],
    level: numbered === UNDETECTED_LEVEL ? named : numbered,
    message: typeof text === 'string' ? withoutBreak(text) : text,
    attributes,
  });
}
