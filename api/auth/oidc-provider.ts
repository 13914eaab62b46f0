import type { ClientAuth, Configuration } from 'openid-client';
import type { Clock } from '../../model/clock.ts';
import type { Config } from '../../model/config.ts';
import { FleetlogError } from '../../model/errors.ts';
import type { Log } from '../log.ts';
import { isLoopbackHost } from '../origin.ts';
import { claimOf } from './oidc-claims.ts';
import { createOidcFetch } from './oidc-fetch.ts';

/** How old the provider's metadata may get; its keys are looked up again by the library when an unknown one signs. */
const METADATA_MS = 3600e3;
/** A provider that takes longer holds a browser that waits. */
const TIMEOUT_S = 10;

/** Loaded at the first sign-in: most installations have no provider, and every start would pay for it. */
const library = () => import('openid-client');
type Library = Awaited<ReturnType<typeof library>>;

export interface OidcChecks {
  state: string;
  nonce: string;
  verifier: string;
}

export interface OidcProvider {
  /** Where the browser is sent. Rejects with `unavailable` when the provider cannot be asked. */
  authorizationUrl(redirectUri: string, checks: OidcChecks): Promise<string>;
  /**
   * The claims of whoever came back: ID token, and userinfo where that lacks the name or the groups. `callback` is the address the browser
   * came back to, query included. Rejects with `unavailable`, or `bad_credentials` when the answer is not what was asked for.
   */
  claims(callback: URL, checks: OidcChecks): Promise<Record<string, unknown>>;
}

/** Throws `bad_config` for an issuer that is neither https nor on loopback. Nothing is asked before the first sign-in. */
export function createOidcProvider(options: { config: Config; clock: Clock; log: Log }): OidcProvider {
  const { clock, log } = options;
  const { oidc: settings } = options.config.auth;
  const issuer = readIssuer(settings.issuer);
  const fetcher = createOidcFetch(settings.caFile);
  let known: { client: Configuration; at: number } | null = null;
  let asking: Promise<Configuration> | null = null;

  async function discover(): Promise<Configuration> {
    const oidc = await library();
    try {
      const client = await oidc.discovery(
        issuer,
        settings.clientId,
        { [oidc.clockTolerance]: settings.clockSkewMs / 1000 },
        settings.clientSecret === '' ? oidc.None() : clientSecret(oidc, settings.clientSecret),
        {
          [oidc.customFetch]: fetcher,
          timeout: TIMEOUT_S,
          ...(issuer.protocol === 'http:' && { execute: [oidc.allowInsecureRequests] }),
        },
      );
      known = { client, at: clock.monotonicMs() };
      return client;
    } catch (cause) {
      log.warn({ err: cause, issuer: issuer.href }, 'cannot read what the login provider offers');
      // What it offered an hour ago it most likely still does.
      if (known) return known.client;
      throw new FleetlogError('unavailable', 'cannot reach the login provider', { cause });
    }
  }

  /** As discovered at most an hour ago; a failure is not kept, so the next sign-in asks again. */
  function ready(): Promise<Configuration> {
    if (known && clock.monotonicMs() - known.at < METADATA_MS) return Promise.resolve(known.client);
    asking ??= discover().finally(() => {
      asking = null;
    });
    return asking;
  }

  return {
    async authorizationUrl(redirectUri, { state, nonce, verifier }) {
      const oidc = await library();
      const client = await ready();
      const url = oidc.buildAuthorizationUrl(client, {
        redirect_uri: redirectUri,
        scope: [...new Set(['openid', ...settings.scopes])].join(' '),
        response_type: 'code',
        code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state,
        nonce,
      });
      if (!/^https?:$/.test(url.protocol)) throw new FleetlogError('unavailable', `cannot sign in at ${url.protocol}`);
      return url.href;
    },

    async claims(callback, { state, nonce, verifier }) {
      const oidc = await library();
      const client = await ready();
      try {
        const tokens = await oidc.authorizationCodeGrant(client, callback, {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: verifier,
          idTokenExpected: true,
        });
        const claims = tokens.claims()!;
        const isWhole = [settings.nameClaim, settings.groupsClaim].every((name) => claimOf(claims, name) !== undefined);
        if (isWhole || !client.serverMetadata().userinfo_endpoint) return { ...claims };
        // The ID token counts where both speak: it is signed.
        return { ...(await oidc.fetchUserInfo(client, tokens.access_token, claims.sub)), ...claims };
      } catch (cause) {
        throw isOutage(cause)
          ? new FleetlogError('unavailable', 'cannot reach the login provider', { cause })
          : new FleetlogError('bad_credentials', 'cannot accept what the login provider answered', { cause });
      }
    },
  };
}

/** Basic where the provider says nothing else, as RFC 6749 demands of servers; by post where that is all it takes. */
function clientSecret(oidc: Library, secret: string): ClientAuth {
  const [basic, post] = [oidc.ClientSecretBasic(secret), oidc.ClientSecretPost(secret)];
  return (server, client, body, headers) => {
    const methods = server.token_endpoint_auth_methods_supported;
    const isPost =
      methods !== undefined && !methods.includes('client_secret_basic') && methods.includes('client_secret_post');
    return (isPost ? post : basic)(server, client, body, headers);
  };
}

function readIssuer(text: string): URL {
  const issuer = URL.canParse(text) ? new URL(text) : null;
  if (issuer?.protocol === 'https:' || (issuer?.protocol === 'http:' && isLoopbackHost(issuer.hostname))) return issuer;
  throw new FleetlogError('bad_config', `cannot use the login provider ${JSON.stringify(text)}`, {
    hint: 'auth.oidc.issuer is an https address; http only on this machine (localhost)',
  });
}

/** No answer, or one that says it is the provider's own trouble. Whatever else went wrong is a refusal. */
function isOutage(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at.name === 'TimeoutError' || at.name === 'AbortError' || at.message === 'fetch failed') return true;
    const { code, status } = at as { code?: unknown; status?: unknown };
    if (
      typeof code === 'string' &&
      /^(ECONN|ENOTFOUND|EAI_|ETIMEDOUT|EHOST|ENET|CERT_|UNABLE_|DEPTH_|SELF_|ERR_TLS)/.test(code)
    )
      return true;
    if (typeof status === 'number' && status >= 500) return true;
    if (at.cause instanceof Response) return at.cause.status >= 500;
  }
  return false;
}
