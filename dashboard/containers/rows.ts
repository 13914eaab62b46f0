import type { ApiContainer } from '../../api/contract.ts';
import type { Searchable } from '../fleet/filter.ts';
import type { SortValue } from '../fleet/order.ts';
import { microseconds } from '../format/time.ts';
import { type End, endOf, isOrderly, successorsOf } from './end.ts';

/** Something about a container that a person should look at. */
export type Trouble = 'restarting' | 'unhealthy' | 'oom' | 'failed' | 'behind' | 'silent' | 'unaccounted';

export interface ContainerRow {
  key: string;
  one: ApiContainer;
  end: End | null;
  troubles: Trouble[];
  /** Sum of what was dropped, bytes. */
  dropped: number;
  found: Searchable;
}

/** Chips, in order: what needs attention, then Docker's states (`unknown`: files without a container). */
export const PICKS = [
  'attention',
  'running',
  'restarting',
  'paused',
  'created',
  'exited',
  'unknown',
  'removed',
] as const;
export type Pick = (typeof PICKS)[number];

/** Names that the filter takes before a colon. */
export const FIELDS = ['app', 'env', 'host', 'instance', 'name', 'container', 'image', 'version', 'state'] as const;

/** Figures move all the time; lines this late are late. */
export const LATE_MS = 30_000;

export function rowsOf(all: readonly ApiContainer[]): ContainerRow[] {
  const successors = successorsOf(all);
  return all.map((one) => {
    const end = endOf(one, successors.get(one));
    return {
      key: keyOf(one),
      one,
      end,
      troubles: troublesOf(one, end),
      dropped: sumOf(one.dropped),
      found: {
        app: one.app,
        env: one.env,
        host: one.host,
        instance: one.instance,
        name: one.containerName,
        container: one.container,
        image: one.image,
        version: one.version,
        state: one.state,
      },
    };
  });
}

export const sumOf = (dropped: Record<string, number>): number =>
  Object.values(dropped).reduce((sum, bytes) => sum + bytes, 0);

/** Bytes read that nothing accounts for; anything but 0 is a fault. */
export const unaccountedOf = (one: {
  read: number;
  searchable: number;
  dropped: Record<string, number>;
  inFlight: number;
}): number => one.read - one.searchable - sumOf(one.dropped) - one.inFlight;

/** The id, or the place of an instance that has none. */
function keyOf(one: ApiContainer): string {
  return one.container || [one.host, one.app, one.env, one.instance].join(' ');
}

function troublesOf(one: ApiContainer, end: End | null): Trouble[] {
  const lives = one.state === 'running' || one.state === 'restarting' || one.state === 'paused';
  const writes = lives || one.state === 'unknown';
  const troubles: Trouble[] = [];
  if (one.state === 'restarting') troubles.push('restarting');
  if (lives && one.health === 'unhealthy') troubles.push('unhealthy');
  // What was removed, or has a successor, is history.
  const open = end !== null && !end.removed && end.successor === null;
  if (open && end.kind === 'oom') troubles.push('oom');
  else if (open && one.state === 'exited' && !isOrderly(one.exitCode)) troubles.push('failed');
  if (writes && one.lagMs === null) troubles.push('silent');
  else if (writes && (one.lagMs ?? 0) > LATE_MS) troubles.push('behind');
  if (unaccountedOf(one) !== 0) troubles.push('unaccounted');
  return troubles;
}

export const isPicked = (row: ContainerRow, picks: readonly string[]): boolean =>
  picks.length === 0 || picks.some((pick) => (pick === 'attention' ? row.troubles.length > 0 : row.one.state === pick));

/** Rows of each chip. */
export function countPicks(rows: readonly ContainerRow[]): Map<string, number> {
  const counts = new Map<string, number>(PICKS.map((pick) => [pick, 0]));
  for (const { one, troubles } of rows) {
    counts.set(one.state, (counts.get(one.state) ?? 0) + 1);
    if (troubles.length > 0) counts.set('attention', (counts.get('attention') ?? 0) + 1);
  }
  return counts;
}

/** Since when it is what it is: running, or ended. */
export const sinceOf = (one: ApiContainer): string | null =>
  one.state === 'exited' || one.state === 'removed'
    ? (one.finishedAt ?? one.startedAt ?? one.createdAt)
    : (one.startedAt ?? one.createdAt);

/** Columns with what they are sorted by; times sort by age, as they are shown. The first is the usual order: by name, removed ones last. */
export const COLUMNS: readonly { id: string; desc: boolean; value(row: ContainerRow): SortValue }[] = [
  { id: 'app', desc: false, value: ({ one }) => `${one.state === 'removed' ? 1 : 0} ${one.app} ${one.env}` },
  { id: 'env', desc: false, value: ({ one }) => one.env },
  { id: 'host', desc: false, value: ({ one }) => one.host },
  { id: 'state', desc: false, value: ({ one, troubles }) => `${troubles.length > 0 ? 0 : 1} ${one.state}` },
  { id: 'version', desc: false, value: ({ one }) => one.version || null },
  { id: 'since', desc: true, value: ({ one }) => timeOf(sinceOf(one)) },
  { id: 'restarts', desc: true, value: ({ one }) => one.restarts },
  { id: 'last', desc: true, value: ({ one }) => timeOf(one.lastLineAt) },
  { id: 'rate', desc: true, value: ({ one }) => one.linesPerSecond },
  { id: 'delay', desc: true, value: ({ one }) => one.lagMs },
  { id: 'dropped', desc: true, value: (row) => row.dropped },
  { id: 'read', desc: true, value: ({ one }) => one.read },
];

/** Rows that are equal by their column: by name, env and number. */
export const tieOf = ({ one }: ContainerRow): string =>
  [one.app, one.env, one.instance, one.host, one.container].join('\n');

const timeOf = (iso: string | null): number | null => (iso === null ? null : microseconds(iso));
