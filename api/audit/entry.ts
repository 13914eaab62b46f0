import { createHash } from 'node:crypto';

/** What happened, as a route hands it over. Never a password, token, cookie, code or link. */
export interface AuditFact {
  /** `user:ann`, `token:…`, `anonymous`, `system`; `unknown` when nobody was recognised. */
  actor: string;
  kind: 'user' | 'token' | 'anonymous' | 'system' | 'unknown';
  ip: string | null;
  /** `login`, `logs.search`, `user.change` …; docs/decisions/010-audit.md lists them. */
  action: string;
  target: string | null;
  detail: Record<string, unknown>;
  outcome: 'ok' | 'refused' | 'failed';
}

/** A fact in its place in the chain. */
export interface AuditEntry extends AuditFact {
  /** From 1, without holes. */
  seq: number;
  /** UTC ISO with six decimals, by the clock of the process that took it down. */
  time: string;
  /** `hash` of the entry before; GENESIS for the first. */
  prev: string;
  /** SHA-256 (hex) of all other fields in canonical JSON. */
  hash: string;
}

/** Where the chain stands: the last entry that is in it. */
export interface ChainHead {
  seq: number;
  hash: string;
}

export const GENESIS: ChainHead = { seq: 0, hash: '0'.repeat(64) };

export function sealEntry(fact: AuditFact & { time: string }, head: ChainHead): AuditEntry {
  // Through JSON, so that what is hashed is what will be read back: no undefined, no -0.
  const { time, actor, kind, ip, action, target, detail, outcome } = JSON.parse(JSON.stringify(fact)) as typeof fact;
  const open = { seq: head.seq + 1, time, actor, kind, ip, action, target, detail, outcome, prev: head.hash };
  return { ...open, hash: hashOf(open) };
}

export function hashOf(entry: Omit<AuditEntry, 'hash'>): string {
  return createHash('sha256').update(canonicalJson(entry)).digest('hex');
}

/** JSON with the names of every object in order of UTF-16 units and without spaces (as RFC 8785 has it). */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonicalJson((value as Record<string, unknown>)[name])}`).join(',')}}`;
}
