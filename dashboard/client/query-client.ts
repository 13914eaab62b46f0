import { QueryCache, QueryClient } from '@tanstack/react-query';
import { ApiError } from './request.ts';

/** An outage is tried again twice, 429 a little longer; what was refused is refused. */
export const RETRY = {
  retry: (failures: number, error: Error): boolean => {
    if (!(error instanceof ApiError)) return false;
    if (error.status === 429) return failures < 4;
    return (error.status === 0 || error.status === 503) && failures < 2;
  },
  retryDelay: (failures: number): number => Math.min(4000, 300 * 2 ** failures),
};

/**
 * Answers belong to a resolved range and do not go stale by themselves: nothing moves under the reader. Refusals are final, an outage is tried
 * again twice, 429 a little longer. `onUnauthenticated` is called when the session ended.
 */
export function createQueryClient(onUnauthenticated: () => void): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({
      onError: (error) => {
        if (error instanceof ApiError && error.status === 401) onUnauthenticated();
      },
    }),
    defaultOptions: {
      queries: {
        staleTime: Number.POSITIVE_INFINITY,
        gcTime: 5 * 60_000,
        refetchOnWindowFocus: false,
        refetchOnReconnect: false,
        ...RETRY,
        networkMode: 'always',
      },
      mutations: { networkMode: 'always' },
    },
  });
}
