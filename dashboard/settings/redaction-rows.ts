import type { ApiRedaction } from '../../api/contract.ts';

/** Built-in rules in the order they are shown; one without a row anywhere is off everywhere. */
const BUILT_IN = ['password', 'private_key', 'aws_key', 'github_token', 'jwt', 'card'];

export interface RuleRow {
  rule: string;
  lines: number;
  places: number;
  /** Collectors (and this server) that have it on, and how many there are. */
  on: number;
  of: number;
}
export interface HostRow {
  host: string | null;
  since: string | null;
  lines: number;
  places: number;
}

/** Counts by rule, also of rules that are off, and by host. A line that two rules found something in counts for both. */
export function redactionRows(items: ApiRedaction[]): { rules: RuleRow[]; hosts: HostRow[] } {
  const hosts = new Map<string | null, HostRow>();
  const rules = new Map<string, RuleRow>();
  const rowOf = (rule: string): RuleRow => {
    const row = rules.get(rule) ?? { rule, lines: 0, places: 0, on: 0, of: 0 };
    rules.set(rule, row);
    return row;
  };
  for (const rule of BUILT_IN) rowOf(rule);
  for (const { rule, host, since, lines, places } of items) {
    const of = hosts.get(host) ?? { host, since, lines: 0, places: 0 };
    hosts.set(host, { ...of, lines: of.lines + lines, places: of.places + places });
    const row = rowOf(rule);
    row.lines += lines;
    row.places += places;
    row.on++;
  }
  return { rules: [...rules.values()].map((row) => ({ ...row, of: hosts.size })), hosts: [...hosts.values()] };
}
