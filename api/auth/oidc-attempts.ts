import { randomBytes } from 'node:crypto';
import type { Clock } from '../../model/clock.ts';
import { isCode } from '../../model/errors.ts';
import type { StateStore } from '../../store/state-store.ts';
import type { OidcChecks } from './oidc-provider.ts';
import { hashSecret, newSecret, sameHash } from './secrets.ts';

const KIND = 'oidc-attempt';
/** Long enough for a second factor and a forgotten password, short enough for what lies in a browser's history. */
const VALID_US = 600e6;

interface AttemptDoc {
  /** Hash of the cookie of the browser that began. */
  browser: string;
  nonce: string;
  verifier: string;
  next: string;
  /** µs. */
  expiresAt: number;
}

/** Sign-ins under way. In the StateStore, so that the browser may come back to another node, and each counts once. */
export interface OidcAttempts {
  begin(browser: string, next: string): Promise<OidcChecks>;
  /** What was begun under that state by that browser, once; null when there is nothing, it has expired, or is another browser's. */
  redeem(state: string, browser: string | null): Promise<{ checks: OidcChecks; next: string } | null>;
  sweep(): Promise<void>;
}

export function createOidcAttempts(options: { state: StateStore; clock: Clock }): OidcAttempts {
  const { state: store, clock } = options;
  return {
    async begin(browser, next) {
      const checks = { state: newSecret(), nonce: newSecret(), verifier: randomBytes(48).toString('base64url') };
      const { nonce, verifier } = checks;
      const expiresAt = clock.nowUs() + VALID_US;
      const doc: AttemptDoc = { browser: hashSecret(browser), nonce, verifier, next, expiresAt };
      await store.put(KIND, hashSecret(checks.state), doc, null);
      return checks;
    },

    async redeem(state, browser) {
      const id = hashSecret(state);
      const found = await store.get<AttemptDoc>(KIND, id);
      // Another browser's attempt stays: whoever holds only the address must not end it.
      if (!found || browser === null || !sameHash(hashSecret(browser), found.doc.browser)) return null;
      try {
        await store.delete(KIND, id, found.version);
      } catch (error) {
        if (isCode(error, 'version_conflict')) return null;
        throw error;
      }
      if (found.doc.expiresAt <= clock.nowUs()) return null;
      const { nonce, verifier, next } = found.doc;
      return { checks: { state, nonce, verifier }, next };
    },

    async sweep() {
      let cursor: string | undefined;
      do {
        const page = await store.list<AttemptDoc>(KIND, { cursor, limit: 1_000 });
        for (const { id, doc } of page.items) if (doc.expiresAt <= clock.nowUs()) await store.delete(KIND, id);
        cursor = page.next ?? undefined;
      } while (cursor);
    },
  };
}
