import { useQuery } from '@tanstack/react-query';
import { useClient } from './client.tsx';

/** Who is signed in. Rejects with 401 when nobody is. */
export function useMe() {
  const client = useClient();
  return useQuery({ queryKey: ['me'], queryFn: ({ signal }) => client.me(signal), staleTime: 60_000 });
}
