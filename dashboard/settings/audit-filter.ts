import type { AuditListQuery } from '../../api/contract.ts';

export const SPANS = ['all', 'hour', 'day', 'week', 'month'] as const;
export type Span = (typeof SPANS)[number];
const OUTCOMES = ['any', 'ok', 'refused', 'failed'] as const;

/** As it stands in the fields of the page and in its address. */
export interface AuditFilter {
  /** Patterns with `*`, separated by blanks or commas. */
  who: string;
  what: string;
  outcome: (typeof OUTCOMES)[number];
  span: Span;
}

const AGO: Record<Exclude<Span, 'all'>, string> = { hour: '1h', day: '24h', week: '7d', month: '30d' };

const patterns = (text: string): string[] => text.split(/[\s,，、]+/).filter(Boolean);

export function filterOf(params: URLSearchParams): AuditFilter {
  return {
    who: params.get('who') ?? '',
    what: params.get('what') ?? '',
    outcome: OUTCOMES.find((one) => one === params.get('outcome')) ?? 'any',
    span: SPANS.find((one) => one === params.get('span')) ?? 'all',
  };
}

/** What differs from the whole log. */
export function paramsOf({ who, what, outcome, span }: AuditFilter): URLSearchParams {
  const params = new URLSearchParams();
  if (who.trim() !== '') params.set('who', who.trim());
  if (what.trim() !== '') params.set('what', what.trim());
  if (outcome !== 'any') params.set('outcome', outcome);
  if (span !== 'all') params.set('span', span);
  return params;
}

export function questionOf({ who, what, outcome, span }: AuditFilter): AuditListQuery {
  return {
    actor: patterns(who),
    action: patterns(what),
    limit: 100,
    ...(outcome === 'any' ? {} : { outcome }),
    ...(span === 'all' ? {} : { from: `now-${AGO[span]}` }),
  };
}

/** The command line's words for the same entries; it does not tell ends apart. */
export function auditCommand({ who, what, span }: AuditFilter): string {
  const given = (option: string, text: string) => patterns(text).map((one) => ` --${option} ${quoted(one)}`);
  const since = span === 'all' ? '3650d' : AGO[span];
  return `fleetlog audit --since ${since}${[...given('actor', who), ...given('action', what)].join('')} -n 1000000 -o json > audit.ndjson`;
}

/** One word of a POSIX shell. */
function quoted(text: string): string {
  return /^[\w:.@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
