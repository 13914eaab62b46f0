import type { ApiRecord } from '../../api/contract.ts';

export type IdKind = 'trace' | 'request' | 'order' | 'session' | 'user';
export interface KnownId {
  kind: IdKind;
  /** As it is written in the line. */
  name: string;
  value: string;
}

/** Names ids go by, the most telling kind first. */
const NAMES: [IdKind, RegExp][] = [
  ['trace', /^(?:trace|x-b3-trace|b3|tid|traceparent)(?:[._-]?id)?$|^链路(?:id|号)?$/i],
  ['request', /^(?:request|req|x-request|correlation|x-correlation)(?:[._-]?id)?$|^请求(?:id|号)$/i],
  ['order', /^(?:order|trade|refund|payment|pay)(?:[._-]?(?:id|no|num|number|sn))$|^订单(?:id|号)?$/i],
  ['session', /^(?:session|sess|sid)(?:[._-]?id)?$|^会话(?:id|号)?$/i],
  ['user', /^(?:user|uid|member|account)[._-]?(?:id|no)?$|^用户(?:id|号)?$/i],
];
/** `orderNo=2026…`, `[trace:7f3a…]`, `订单号：123`. */
const IN_TEXT =
  /(?<![\p{L}\p{N}_])([\p{L}_][\p{L}\p{N}_.-]{1,30})\s{0,2}[=:：]\s{0,2}["']?([\p{L}\p{N}][\p{L}\p{N}_-]{3,63})(?![\p{L}\p{N}_-])/gu;
const MOST = 4;

/** Ids of a line by which other lines of the same story are found, one of a kind, the most telling first. */
export function knownIds(record: Pick<ApiRecord, 'fields' | 'message'>): KnownId[] {
  const found = new Map<IdKind, KnownId>();
  const take = (name: string, value: string) => {
    if (value.length < 4 || value.length > 128 || !/[\p{N}]/u.test(value)) return;
    const last = name.slice(name.lastIndexOf('.') + 1);
    const kind = NAMES.find(([, pattern]) => pattern.test(name) || pattern.test(last))?.[0];
    if (kind !== undefined && !found.has(kind)) found.set(kind, { kind, name, value: traceOf(name, value) });
  };
  for (const [name, value] of Object.entries(record.fields)) take(name, value);
  for (const match of record.message.slice(0, 8_000).matchAll(IN_TEXT)) take(match[1], match[2]);
  return NAMES.flatMap(([kind]) => found.get(kind) ?? []).slice(0, MOST);
}

/** `00-<trace>-<span>-01` of W3C: the trace alone is what lines share. */
function traceOf(name: string, value: string): string {
  const parent = /^[\da-f]{2}-([\da-f]{32})-[\da-f]{16}-[\da-f]{2}$/i.exec(value);
  return parent !== null && /traceparent/i.test(name) ? parent[1] : value;
}
