import type { CollectorConfig } from '../config.ts';
import { FLAG } from '../record.ts';
import { compilePattern, requiredLiteral } from '../user-patterns.ts';
import { findCards } from './card-numbers.ts';
import { pemEnd, SECRET_RULES, secretAt } from './secret-rules.ts';
import { createSecretScan } from './secret-scan.ts';

/** Records side by side, as the collector's workbench holds them and pushed lines are laid out: message i is `bytes[ends[i - 1], ends[i])`. */
export interface Redactable {
  /** Alone in its ArrayBuffer. With room behind `used`, or else replaced by a larger one when masks are longer than secrets. */
  bytes: Buffer;
  used: number;
  count: number;
  ends: Uint32Array;
  flags: Uint8Array;
  /** Bits; of interest here is PEM_REST. */
  marks: Uint8Array;
  /** Faster than the scan of secret-scan.ts, with the same result; null when the places are too many to list. */
  findSecrets?: ((used: number) => Uint32Array | null) | null;
}

/** Mark of a record that begins inside a PEM block whose head went before it. */
export const PEM_REST = 1;

/** Bytes [start, end) of the bench's messages, inside one record, and what stands there instead. */
interface Edit {
  rule: string;
  record: number;
  start: number;
  end: number;
  text: Buffer;
}

export interface Redactor {
  /** Redacts the messages of the first `n` records in place, sets FLAG.REDACTED and counts what was redacted by rule. */
  redact(bench: Redactable, n: number): void;
}

/** Takes how many places a rule redacted and in how many records; once with zeros for every rule that is on, so that they are known. */
export type CountRedactions = (rule: string, places: number, records: number) => void;

export type RedactionConfig = Pick<CollectorConfig, 'redact' | 'redactCards' | 'redaction'>;

interface OwnRule {
  name: string;
  literal: Buffer | null;
  find(message: string): { start: number; end: number }[];
  text: Buffer;
}

const mask = (name: string): Buffer => Buffer.from(`[redacted:${name}]`);

function ownRules(config: RedactionConfig): OwnRule[] {
  return config.redaction.map(({ name, pattern, replacement }, i) => {
    const compiled = compilePattern(pattern, `collector.redaction[${i}].pattern`);
    const group = compiled.groupCount() > 0 ? 1 : 0;
    const literal = requiredLiteral(pattern);
    return {
      name,
      literal: literal.length > 1 ? Buffer.from(literal) : null,
      text: replacement ? Buffer.from(replacement) : mask(name),
      find(message) {
        const found: { start: number; end: number }[] = [];
        const matcher = compiled.matcher(message);
        while (matcher.find()) {
          const start = matcher.start(group);
          const end = matcher.end(group);
          if (start >= 0 && end > start) found.push({ start, end });
        }
        return found;
      },
    };
  });
}

/** Throws `bad_config` for a pattern that is no RE2. */
export function createRedactor(config: RedactionConfig, count: CountRedactions): Redactor {
  const scan = createSecretScan();
  const own = ownRules(config);
  const masks = new Map<string, Buffer>();
  const maskOf = (rule: string): Buffer => {
    let text = masks.get(rule);
    if (!text) masks.set(rule, (text = mask(rule)));
    return text;
  };

  const on = [
    ...(config.redact ? SECRET_RULES : []),
    ...(config.redactCards ? ['card'] : []),
    ...own.map((r) => r.name),
  ];
  for (const rule of on) count(rule, 0, 0);

  function builtIn(bench: Redactable, n: number, edits: Edit[]): void {
    const { bytes, ends } = bench;
    const used = ends[n - 1];
    let record = 0;
    const look = (at: number): void => {
      if (at < 0 || at >= used) return;
      if (record > 0 && at < ends[record - 1]) record = 0;
      while (ends[record] <= at) record++;
      const found = secretAt(bytes, at, record === 0 ? 0 : ends[record - 1], ends[record]);
      if (found) edits.push({ ...found, record, text: maskOf(found.rule) });
    };
    const places = bench.findSecrets?.(used);
    if (places) for (const place of places) look(place);
    else scan.scan(bytes, used, look);
    for (let i = 0; i < n; i++) {
      const start = i === 0 ? 0 : ends[i - 1];
      const c = bytes[start];
      if (c === 65 || c === 103) look(start);
      if (bench.marks[i] & PEM_REST) {
        const rule = 'private_key';
        edits.push({ rule, record: i, start, end: pemEnd(bytes, start, ends[i]), text: maskOf(rule) });
      }
    }
  }

  function cards(bench: Redactable, n: number, edits: Edit[]): void {
    for (let i = 0; i < n; i++) {
      const from = i === 0 ? 0 : bench.ends[i - 1];
      if (bench.ends[i] - from < 13) continue;
      for (const { start, end } of findCards(bench.bytes.toString('latin1', from, bench.ends[i])))
        edits.push({ rule: 'card', record: i, start: from + start, end: from + end, text: maskOf('card') });
    }
  }

  function applyOwn(bench: Redactable, n: number, rule: OwnRule, edits: Edit[]): void {
    const { bytes, ends } = bench;
    let next = rule.literal ? bytes.indexOf(rule.literal) : 0;
    for (let i = 0; i < n; i++) {
      const from = i === 0 ? 0 : ends[i - 1];
      if (rule.literal) {
        if (next >= 0 && next < from) next = bytes.indexOf(rule.literal, from);
        if (next < 0 || next >= ends[n - 1]) return;
        if (next >= ends[i]) continue;
      }
      const message = bytes.toString('utf8', from, ends[i]);
      for (const { start, end } of rule.find(message)) {
        const at = from + Buffer.byteLength(message.slice(0, start));
        const to = at + Buffer.byteLength(message.slice(start, end));
        edits.push({ rule: rule.name, record: i, start: at, end: to, text: rule.text });
      }
    }
  }

  return {
    redact(bench, n) {
      if (n === 0) return;
      const edits: Edit[] = [];
      if (config.redact) builtIn(bench, n, edits);
      if (config.redactCards) cards(bench, n, edits);
      const known = edits.length;
      for (const rule of own) applyOwn(bench, n, rule, edits);
      if (edits.length === 0) return;
      for (const [rule, { places, records }] of tally(edits, known)) count(rule, places, records.size);
      apply(bench, edits);
    },
  };
}

/** Places and records by rule; the first `known` edits are of built-in rules. */
function tally(edits: Edit[], known: number): Map<string, { places: number; records: Set<number> }> {
  const byRule = new Map<string, { places: number; records: Set<number> }>();
  // `password` and `passwd` begin alike: one place may be looked at for both.
  const counted = new Set<number>();
  for (const [i, { rule, record, start }] of edits.entries()) {
    if (i < known && counted.has(start)) continue;
    if (i < known) counted.add(start);
    let found = byRule.get(rule);
    if (!found) byRule.set(rule, (found = { places: 0, records: new Set() }));
    found.places++;
    found.records.add(record);
  }
  return byRule;
}

/** Rewrites the messages with the edits put in; where two overlap both are covered by the first's text. */
function apply(bench: Redactable, edits: Edit[]): void {
  edits.sort((a, b) => a.start - b.start || b.end - a.end);
  const merged: Edit[] = [];
  for (const edit of edits) {
    const last = merged[merged.length - 1];
    if (last && edit.start < last.end) last.end = Math.max(last.end, Math.min(edit.end, bench.ends[last.record]));
    else merged.push({ ...edit, end: Math.min(edit.end, bench.ends[edit.record]) });
  }
  const parts: Buffer[] = [];
  let from = merged[0].start;
  const first = from;
  let shift = 0;
  let at = 0;
  for (let i = merged[0].record; i < bench.count; i++) {
    for (; at < merged.length && merged[at].record === i; at++) {
      const { start, end, text } = merged[at];
      parts.push(bench.bytes.subarray(from, start), text);
      shift += text.length - (end - start);
      from = end;
      bench.flags[i] |= FLAG.REDACTED;
    }
    bench.ends[i] += shift;
  }
  parts.push(bench.bytes.subarray(from, bench.used));
  const text = Buffer.concat(parts);
  const used = first + text.length;
  if (used > bench.bytes.length) {
    const grown = Buffer.allocUnsafeSlow(used + (used >> 2));
    bench.bytes.copy(grown, 0, 0, first);
    bench.bytes = grown;
  }
  text.copy(bench.bytes, first);
  bench.used = used;
}
