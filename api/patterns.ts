import { maskMessage } from '../model/pattern.ts';
import { mergeTemplates, type TemplateGroup } from '../model/pattern-merge.ts';
import type { PatternResult, PatternSummary } from '../store/log-store.ts';
import type { ApiPattern } from './contract.ts';
import { apiRecord } from './records.ts';
import { formatTime, type Range } from './times.ts';

/** A pattern of a period, or only of the one before. */
interface Known {
  pattern: string;
  template: string;
  count: number;
  now: PatternSummary | null;
  before: number;
}

export interface PatternsAsked {
  range: Range;
  /** µs. */
  interval: number;
  now: PatternResult;
  /** The period before; null when not compared. */
  before: PatternResult | null;
  /** Matching lines of the range, exact. */
  lines: number;
  /** Lines of the range over those of the period before; 1 when either is unknown or none. */
  growth: number;
}

/** A count is another one when it differs by half at least, and by more than chance: three deviations of a Poisson count. */
const CHANGED = 1.5;
const DEVIATIONS = 3;

/** Patterns of two periods, similar ones merged over both, the most frequent first; those that are gone come after. */
export function apiPatterns(asked: PatternsAsked): ApiPattern[] {
  return mergeTemplates(knownOf(asked))
    .map((group) => apiPattern(group, asked))
    .sort((a, b) => b.count - a.count || (b.before ?? 0) - (a.before ?? 0) || (a.id < b.id ? -1 : 1));
}

function knownOf({ now, before }: PatternsAsked): Known[] {
  const known = new Map<string, Known>();
  for (const one of now.patterns)
    known.set(one.pattern, { pattern: one.pattern, template: templateOf(one), count: one.count, now: one, before: 0 });
  for (const one of before?.patterns ?? []) {
    const same = known.get(one.pattern);
    if (same !== undefined) same.before = one.count;
    else
      known.set(one.pattern, {
        pattern: one.pattern,
        template: templateOf(one),
        count: 0,
        now: null,
        before: one.count,
      });
  }
  return [...known.values()];
}

function templateOf(one: PatternSummary): string {
  return maskMessage(one.sample.message);
}

function apiPattern(group: TemplateGroup<Known>, asked: PatternsAsked): ApiPattern {
  const found = group.members.flatMap((member) => member.now ?? []);
  const newest = found.reduce<PatternSummary | null>(
    (last, one) => (last === null || one.last > last.last ? one : last),
    null,
  );
  const before = asked.before === null ? null : group.members.reduce((sum, member) => sum + member.before, 0);
  return {
    id: group.members[0].pattern,
    patterns: group.members.map((member) => member.pattern),
    template: group.template,
    count: group.count,
    share: asked.lines === 0 ? 0 : group.count / asked.lines,
    first: newest === null ? null : formatTime(found.reduce((first, one) => Math.min(first, one.first), newest.first)),
    last: newest === null ? null : formatTime(newest.last),
    apps: appsOf(found),
    trend: trendOf(found, asked),
    sample: newest === null ? null : apiRecord(newest.sample),
    before,
    state: before === null ? null : stateOf(group.count, before, asked.growth),
  };
}

function appsOf(found: PatternSummary[]): { value: string; count: number }[] {
  const apps = new Map<string, number>();
  for (const one of found)
    for (const [app, count] of Object.entries(one.apps)) apps.set(app, (apps.get(app) ?? 0) + count);
  return [...apps]
    .map(([value, count]) => ({ value, count }))
    .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
}

function trendOf(found: PatternSummary[], { range, interval }: PatternsAsked): number[] {
  const first = Math.floor(range.from / interval);
  const trend = new Array<number>(Math.floor((range.to - 1) / interval) - first + 1).fill(0);
  for (const one of found)
    for (const bucket of one.buckets ?? []) {
      const at = Math.floor(bucket.time / interval) - first;
      if (at >= 0 && at < trend.length) trend[at] += bucket.count;
    }
  return trend;
}

/**
 * `changed` is measured against what the growth of the whole result makes of the former count: when everything doubles, no pattern is news.
 */
export function stateOf(count: number, before: number, growth: number): 'new' | 'gone' | 'changed' | 'same' {
  if (before === 0) return 'new';
  if (count === 0) return 'gone';
  const expected = before * growth;
  const ratio = count > expected ? count / expected : expected / count;
  // The expectation is itself a count, stretched by the growth.
  const deviation = Math.sqrt(count + expected * Math.max(1, growth));
  return ratio >= CHANGED && Math.abs(count - expected) > DEVIATIONS * deviation ? 'changed' : 'same';
}
