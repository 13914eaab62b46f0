import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { findChromium } from '../servers/chromium.ts';
import { OIDC_CLIENT, type OidcServer, startOidcServer } from '../servers/oidc.ts';
import { openPage, type Running, startBrowser, startProductWithPage, type Watched } from './browser-harness.ts';

/** Sign-in by a real provider in real Chromium: cookies, redirects and the page's policy as a browser has them. */
const executable = await findChromium();
const WITHIN = 20_000;

describe.skipIf(executable === null)('sign-in by a provider', () => {
  let product: Running;
  let provider: OidcServer;
  let browser: Browser;
  let watched: Watched;

  beforeAll(async () => {
    const port = await freePort();
    const home = `http://127.0.0.1:${port}`;
    provider = await startOidcServer(`${home}/api/v1/oidc/callback`);
    provider.accounts.set('lin', { preferred_username: 'lin', groups: ['shop-team'] });
    provider.accounts.set('eve', { preferred_username: 'eve', groups: [] });
    product = await startProductWithPage('browser-oidc', ({ http, auth }) => {
      Object.assign(http, { port, publicUrl: home });
      auth.mode = 'oidc';
      Object.assign(auth.oidc, {
        issuer: provider.issuer,
        clientId: OIDC_CLIENT.id,
        clientSecret: OIDC_CLIENT.secret,
        label: 'Shop SSO',
        groups: [{ group: 'shop-team', role: 'reader', app: 'shop', env: '*' }],
      });
    });
    browser = await startBrowser(executable!);
  });
  afterAll(async () => {
    await browser?.close();
    await product?.close();
    await provider?.close();
  });
  afterEach(async () => {
    expect(watched.faults).toEqual([]);
    await watched.close();
  });

  async function signIn(login: string, path: string, language = 'en-US') {
    watched = await openPage(browser, product.fleetlog.url, { locale: language });
    const { page } = watched;
    page.setDefaultTimeout(WITHIN);
    await page.goto(path);
    await page.getByRole('button', { name: /Shop SSO/ }).click();
    await page.getByPlaceholder('Enter any login').fill(login);
    await page.getByPlaceholder('and password').fill('whatever');
    await page.getByRole('button', { name: 'Sign-in' }).click();
    await page.getByRole('button', { name: 'Continue' }).click();
    return page;
  }

  test('leads to the page that was asked for', async () => {
    const page = await signIn('lin', '/logs?query=timeout');
    await page.waitForURL(/\/logs\?.*query=timeout/);
    await page.getByLabel('Signed in as lin').waitFor();
  });

  test('tells somebody without a group why, and offers the local account', async () => {
    const page = await signIn('eve', '/login');
    await page.getByRole('alert').getByText('none of your groups').waitFor();
    await page.getByLabel('Password').waitFor();
    await page.getByRole('button', { name: '中文' }).click();
    await page.getByRole('alert').getByText('您所在的组都无权使用本站').waitFor();
    await page.getByRole('button', { name: '使用 Shop SSO 登录' }).waitFor();
  });
});

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
