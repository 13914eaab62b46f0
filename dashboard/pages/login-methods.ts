import { useQuery } from '@tanstack/react-query';
import type { LoginMethods } from '../../api/contract.ts';
import { createRequester } from '../client/request.ts';

/** How people sign in here; asked before anybody is signed in. Until the answer is there, and without one, by password. */
export function useLoginMethods(): LoginMethods {
  const requester = createRequester();
  const { data } = useQuery({
    queryKey: ['login-methods'],
    queryFn: ({ signal }) => requester.send<LoginMethods>('GET', '/login/methods', { signal }),
  });
  return data ?? { password: true, oidc: null };
}
