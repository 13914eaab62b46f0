import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { FoundField } from '../../api/contract.ts';
import { useClient } from '../client/client.tsx';
import type { Range } from '../format/range.ts';
import { span } from './data.ts';
import { partsAbout } from './query-text.ts';

/** A field that can be asked for. Its kind and share of the lines are unknown while it is only known from the lines on screen. */
export interface KnownField {
  name: string;
  kind: FoundField['kind'] | null;
  /** Of the lines looked at, 0…1. */
  share: number | null;
}

const SIZE = 1000;
/** Which fields there are depends on whose lines are meant; asking by words too would make the question dear. */
const IDENTITY = ['app', 'env', 'host', 'instance', 'container'];

/** Names of the fields in the lines of the range: those on screen first, then what the server found. Asked for only while `wanted`. */
export function useFieldNames(query: string, range: Range, seen: string[], wanted: boolean): KnownField[] {
  const client = useClient();
  const who = useMemo(() => partsAbout(query, IDENTITY), [query]);
  const asked = useQuery({
    queryKey: ['fields', who, Math.floor(range.from / 1e6), Math.floor(range.to / 1e6)],
    enabled: wanted,
    staleTime: 60_000,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => client.fields({ query: who, ...span(range), size: SIZE }, signal),
  });
  return useMemo(() => knownFields(seen, asked.data ?? null), [seen, asked.data]);
}

export function knownFields(seen: string[], found: { fields: FoundField[]; looked: number } | null): KnownField[] {
  const known = new Map<string, KnownField>(seen.map((name) => [name, { name, kind: null, share: null }]));
  for (const { name, kind, lines } of found?.fields ?? [])
    known.set(name, { name, kind, share: lines / (found?.looked ?? lines) });
  return [...known.values()];
}
