import { FleetlogError } from '../../model/errors.ts';
import { documentLine } from './document-line.ts';
import type { Defaults } from './identity.ts';
import type { Intake } from './intake.ts';
import { isObject } from './json-document.ts';
import { linesOf } from './ndjson.ts';
import { createSlices } from './slices.ts';

export interface BulkItem {
  action: string;
  index: string;
  id: string;
  /** Null when it was taken. */
  refusal: FleetlogError | null;
}

/** Actions that are followed by a document. */
const WITH_DOCUMENT = ['create', 'index', 'update'];

/**
 * Takes the documents of a `_bulk` body: an action line and a document line by turns. `create` and `index` are the same here, for a
 * line is never changed. Throws `bad_batch` for a body that cannot be read from some line on; nothing of it is stored then.
 */
export async function takeBulk(
  body: Buffer,
  intake: Intake,
  request: { index: string; defaults: (index: string) => Defaults },
): Promise<BulkItem[]> {
  const slice = createSlices();
  const items: BulkItem[] = [];
  const lines = linesOf(body);
  for (let next = lines.next(); !next.done; next = lines.next()) {
    const [from, to] = next.value;
    const { action, about } = readAction(body.toString('utf8', from, to), items.length);
    const index = typeof about._index === 'string' && about._index !== '' ? about._index : request.index;
    const item: BulkItem = {
      action,
      index,
      id: typeof about._id === 'string' ? about._id : String(items.length),
      refusal: null,
    };
    items.push(item);
    const document = WITH_DOCUMENT.includes(action) ? lines.next() : null;
    if (document?.done) broken(`the document of item ${items.length - 1} is missing`);
    if (!document || action === 'update') {
      item.refusal = intake.refuse(
        'action',
        new FleetlogError('bad_request', `cannot ${action} a line: lines are only added`, {
          hint: 'use create or index',
        }),
      );
    } else {
      const [start, end] = document.value!;
      const { line, labels } = documentLine(body.subarray(start, end));
      item.refusal = intake.add(intake.place(labels, request.defaults(index)), line);
    }
    const turn = slice();
    if (turn) await turn;
  }
  return items;
}

function readAction(text: string, item: number): { action: string; about: Record<string, unknown> } {
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch {
    return broken(`the action of item ${item} is no JSON`);
  }
  const [first] = isObject(line) ? Object.entries(line) : [];
  if (!first || ![...WITH_DOCUMENT, 'delete'].includes(first[0])) return broken(`item ${item} has no known action`);
  return { action: first[0], about: isObject(first[1]) ? first[1] : {} };
}

function broken(why: string): never {
  throw new FleetlogError('bad_batch', `cannot read the bulk request: ${why}`, {
    hint: '{"create":{}} and the document, each on a line of its own',
  });
}

const ERROR_TYPES: Readonly<Record<string, string>> = {
  forbidden: 'security_exception',
  bad_request: 'action_request_validation_exception',
};

/** The answer Elasticsearch would give, item by item. */
export function bulkAnswer(items: BulkItem[], tookMs: number): string {
  const texts = items.map(({ action, index, id, refusal }) => {
    const about = `"_index":${JSON.stringify(index)},"_id":${JSON.stringify(id)}`;
    if (refusal) {
      const error = { type: ERROR_TYPES[refusal.code] ?? refusal.code, reason: refusal.message };
      return `{"${action}":{${about},"status":${refusal.status},"error":${JSON.stringify(error)}}}`;
    }
    return `{"${action}":{${about},"_version":1,"result":"created","_shards":{"total":1,"successful":1,"failed":0},"status":201}}`;
  });
  const errors = items.some(({ refusal }) => refusal !== null);
  return `{"took":${Math.round(tookMs)},"errors":${errors},"items":[${texts.join(',')}]}`;
}
