import { useQuery } from '@tanstack/react-query';
import { useClient } from '../client/client.tsx';
import { Failed, Skeleton } from '../shell/state.tsx';
import { useWords } from '../words/words.tsx';

/** EventSource does not say why it was refused; the same question as a search does. */
export function TailRefused({ query, onAgain }: { query: string; onAgain(): void }) {
  const client = useClient();
  const words = useWords();
  const why = useQuery({
    queryKey: ['tail refused', query],
    queryFn: ({ signal }) => client.logs({ query, from: 'now-1m', to: 'now', limit: 1 }, signal),
    retry: false,
    gcTime: 0,
  });
  if (why.isPending) return <Skeleton rows={3} />;
  return <Failed error={why.error ?? new Error(words.logs.tail.refused)} onAgain={onAgain} />;
}
