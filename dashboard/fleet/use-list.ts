import { type UseQueryResult, useQuery } from '@tanstack/react-query';

/** Collectors say what changed every two seconds; a list that is looked at need not be newer than this. */
const REFRESH_MS = 5_000;

/** A list that is asked for anew while its page is in sight; what was there stays when an answer fails. */
export function useFleetList<T>(name: string, ask: (signal: AbortSignal) => Promise<T[]>): UseQueryResult<T[]> {
  return useQuery({
    queryKey: [name],
    queryFn: ({ signal }) => ask(signal),
    staleTime: 0,
    refetchInterval: REFRESH_MS,
  });
}
