import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createOidcFetch } from '../../api/auth/oidc-fetch.ts';
import { createOidcProvider } from '../../api/auth/oidc-provider.ts';
import { systemClock } from '../../model/clock.ts';
import { makeTlsFiles, type TlsFiles } from '../servers/kafka-secure.ts';
import { OIDC_CLIENT, type OidcServer, startOidcServer } from '../servers/oidc.ts';
import { openConfig } from '../suites/default-config.ts';

let dir: string;
let files: TlsFiles;
let server: OidcServer;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'fleetlog-oidc-tls-'));
  files = makeTlsFiles(dir);
  server = await startOidcServer('https://logs.example/cb', {}, readFileSync(files.serverStore, 'utf8'));
});
afterAll(async () => {
  await server?.close();
  rmSync(dir, { recursive: true, force: true });
});

function providerWith(caFile: string) {
  const config = openConfig();
  const { issuer } = server;
  Object.assign(config.auth.oidc, { issuer, clientId: OIDC_CLIENT.id, clientSecret: OIDC_CLIENT.secret, caFile });
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  return createOidcProvider({ config, clock: systemClock, log });
}
const checks = { state: 's', nonce: 'n', verifier: 'v'.repeat(43) };

test('the provider is believed by the authority that was named, and by no other', async () => {
  const url = await providerWith(files.caFile).authorizationUrl('https://logs.example/cb', checks);
  expect(url).toContain(`${server.issuer}/auth?`);
  for (const caFile of [files.otherCaFile, ''])
    await expect(providerWith(caFile).authorizationUrl('https://logs.example/cb', checks)).rejects.toMatchObject({
      code: 'unavailable',
    });
  expect(() => providerWith(join(dir, 'missing.pem'))).toThrow(expect.objectContaining({ code: 'bad_config' }));
  // The token endpoint is asked in the same way: it answers, with a refusal of a code that it never gave.
  const back = new URL('https://logs.example/cb?code=x&state=s');
  back.searchParams.set('iss', server.issuer);
  await expect(providerWith(files.caFile).claims(back, checks)).rejects.toMatchObject({
    code: 'bad_credentials',
    cause: { error: 'invalid_grant' },
  });
});

test('asks by plain http on this machine only, and reads no endless answer', async () => {
  for (const caFile of ['', files.caFile])
    await expect(createOidcFetch(caFile)('http://login.example/token', asked('GET'))).rejects.toThrow('by https');
  const pem = readFileSync(files.serverStore);
  const endless = createServer({ key: pem, cert: pem }, (_request, reply) => {
    const more = (): void => {
      while (!reply.destroyed && reply.write(Buffer.alloc(1 << 16)));
    };
    reply.on('drain', more);
    more();
  });
  await new Promise<void>((resolve) => endless.listen(0, '127.0.0.1', resolve));
  const url = `https://127.0.0.1:${(endless.address() as AddressInfo).port}/`;
  await expect(createOidcFetch(files.caFile)(url, asked('GET'))).rejects.toThrow('sent more than');
  endless.closeAllConnections();
  await new Promise((resolve) => endless.close(resolve));
});

const asked = (method: string) => ({ method, headers: {}, body: undefined, redirect: 'manual' as const });
