import { textOf } from './compose.ts';
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
import {
  bytesOf,
  doubleOf,
  type Field,
  fixed32Of,
  fixed64Of,
  int64Of,
  readMessage,
  readNested,
  stringOf,
  uint32Of,
} from './protobuf.ts';

/**
 * `ExportLogsServiceRequest` of opentelemetry-proto 1.x (collector/logs/v1, logs/v1, common/v1); field numbers are theirs. Throws
 * `bad_batch`.
 */
export function readOtlpProtobuf(body: Buffer): OtlpResource[] {
  const resources: OtlpResource[] = [];
  readMessage(body, 0, body.length, (field) => {
    if (field.number === 1) resources.push(readResource(field));
  });
  return resources;
}

function readResource(message: Field): OtlpResource {
  const resource: OtlpResource = { attributes: new Map(), scopes: [] };
  readNested(message, (field) => {
    if (field.number === 1) {
      readNested(field, (part) => {
        if (part.number === 1) putAttribute(resource.attributes, part, 0);
      });
    } else if (field.number === 2) resource.scopes.push(readScope(field));
  });
  return resource;
}

function readScope(message: Field): OtlpScope {
  const scope: OtlpScope = { name: '', version: '', attributes: new Map(), records: [] };
  readNested(message, (field) => {
    if (field.number === 1) {
      readNested(field, (part) => {
        if (part.number === 1) scope.name = stringOf(part);
        else if (part.number === 2) scope.version = stringOf(part);
        else if (part.number === 3) putAttribute(scope.attributes, part, 0);
      });
    } else if (field.number === 2) scope.records.push(readRecord(field));
  });
  return scope;
}

function readRecord(message: Field): OtlpRecord {
  const record = emptyRecord();
  let time = 0n;
  let observed = 0n;
  readNested(message, (field) => {
    if (field.number === 1) time = fixed64Of(field);
    else if (field.number === 11) observed = fixed64Of(field);
    else if (field.number === 2) record.severity = uint32Of(field);
    else if (field.number === 3) record.severityText = stringOf(field);
    else if (field.number === 7) record.droppedAttributes = uint32Of(field);
    else if (field.number === 8) record.flags = fixed32Of(field);
    else if (field.number === 9) record.traceId = bytesOf(field).toString('hex');
    else if (field.number === 10) record.spanId = bytesOf(field).toString('hex');
    else if (field.number === 12) record.eventName = stringOf(field);
    else if (field.number === 5) record.body = readValue(field, 0);
    else if (field.number === 6) putAttribute(record.attributes, field, 0);
  });
  const nanos = time || observed;
  record.time = nanosToUs(nanos);
  record.nanos = nanos === 0n ? '' : String(nanos);
  return record;
}

function putAttribute(attributes: OtlpAttributes, pair: Field, depth: number): void {
  let key = '';
  let value: OtlpValue | null = null;
  readNested(pair, (field) => {
    if (field.number === 1) key = stringOf(field);
    else if (field.number === 2) value = readValue(field, depth);
  });
  if (value) attributes.set(key, value);
}

/** `AnyValue`; null when it holds none. */
function readValue(message: Field, depth: number): OtlpValue | null {
  if (depth > DEEPEST) return TOO_DEEP;
  let value: OtlpValue | null = null;
  readNested(message, (field) => {
    value = readKind(field, depth) ?? value;
  });
  return value;
}

function readKind(field: Field, depth: number): OtlpValue | null {
  switch (field.number) {
    case 1:
      return textValue(textOf(bytesOf(field)));
    case 2:
      return textOnly(uint32Of(field) !== 0 ? 'true' : 'false');
    case 3:
      return textOnly(String(int64Of(field)));
    case 4:
      return numberValue(doubleOf(field));
    case 5: {
      const items: string[] = [];
      readNested(field, (item) => {
        if (item.number === 1) items.push(readValue(item, depth + 1)?.json ?? 'null');
      });
      return { json: `[${items.join(',')}]`, text: null };
    }
    case 6: {
      const members: OtlpAttributes = new Map();
      readNested(field, (item) => {
        if (item.number === 1) putAttribute(members, item, depth + 1);
      });
      return objectValue(members);
    }
    case 7: {
      const bytes = bytesOf(field);
      return { json: JSON.stringify(bytes.toString('base64')), text: textOf(bytes) };
    }
    default:
      return null;
  }
}

function textOnly(text: string): OtlpValue {
  return { json: text, text };
}
