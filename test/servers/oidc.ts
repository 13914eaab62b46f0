import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type Configuration, Provider } from 'oidc-provider';

export interface OidcServer {
  issuer: string;
  /** Claims by subject, which is what is typed at its login form; change one and it holds from the next sign-in. */
  accounts: Map<string, Record<string, unknown>>;
  close(): Promise<void>;
}

export const OIDC_CLIENT = { id: 'fleetlog', secret: 'a secret of the provider and us' };

/**
 * A real OpenID provider (the certified `oidc-provider`) on loopback, with accounts in memory and its development forms: whatever password
 * will do. `change` is merged into its configuration.
 */
export async function startOidcServer(
  redirectUri: string,
  change: Partial<Configuration> = {},
  /** PEM of key and certificate for 127.0.0.1; then it is reached by https. */
  tls: string | null = null,
): Promise<OidcServer> {
  const server = tls === null ? createServer() : createTlsServer({ key: tls, cert: tls });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const issuer = tls === null ? `http://localhost:${port}` : `https://127.0.0.1:${port}`;
  const accounts = new Map<string, Record<string, unknown>>();
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: OIDC_CLIENT.id,
        client_secret: OIDC_CLIENT.secret,
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code'],
        response_types: ['code'],
      },
    ],
    claims: { openid: ['sub'], profile: ['preferred_username', 'groups', 'realm_access'], email: ['email'] },
    cookies: { keys: ['only for tests'] },
    pkce: { required: () => true },
    async findAccount(_ctx, id) {
      return accounts.has(id) ? { accountId: id, claims: async () => ({ ...accounts.get(id), sub: id }) } : undefined;
    },
    ...change,
  });
  server.on('request', provider.callback());
  return {
    issuer,
    accounts,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
