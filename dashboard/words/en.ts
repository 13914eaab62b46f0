import { logs } from './en-logs.ts';
import { search } from './en-search.ts';
import { settings } from './en-settings.ts';

/** Everything the page says in English. Data (levels, names of apps and fields) is never translated. */
export const en = {
  logs,
  search,
  settings,
  nav: {
    main: 'Main',
    logs: 'Logs',
    containers: 'Containers',
    ledger: 'Ledger',
    settings: 'Settings',
    account: (name: string) => `Signed in as ${name}`,
    skip: 'Skip to content',
  },
  insecure:
    'This page travels unencrypted: anyone on the network can read logs and sessions. Set http.tlsCert, or a TLS proxy and http.trustProxy.',
  close: 'Close',
  copy: 'Copy',
  copied: 'Copied',
  copyFailed: 'Copying is blocked by the browser; select the text instead.',
  tryAgain: 'Try again',
  loading: 'Loading',
  cancel: 'Cancel',
  unknown: '–',
  /** `3 m 28 s` in the language's own units. */
  duration: (text: string) => text,
  error: {
    network: 'The server cannot be reached.',
    networkHint:
      'Is Fleetlog running, and is this network up? Lines are not lost meanwhile: collectors keep their place.',
    title: (code: string) => `The answer was an error (${code}).`,
    crashed: 'This page broke.',
    crashedHint: 'Reload to go on. Nothing stored is affected.',
    reload: 'Reload',
  },
  login: {
    signInWith: (provider: string) => `Sign in with ${provider}`,
    orLocal: 'or with a local account',
    refused: {
      provider_down: 'The login provider cannot be reached. Try again in a moment; local accounts still work.',
      no_group:
        'You are known to the login provider, but none of your groups may use this site. Ask its administrator.',
      expired: 'That sign-in took too long, was used before, or was begun in another browser. Begin again.',
      denied: 'The login provider was told not to sign you in.',
      disabled: 'Your account is disabled here. Ask an administrator.',
      name_taken: 'Your name belongs to another account here. An administrator can remove that account.',
      no_name: 'The login provider does not say your name. An administrator can set auth.oidc.nameClaim.',
      provider_refused: 'What the login provider answered cannot be accepted. Begin again.',
      too_many: 'Too many sign-ins from your address. Wait a minute.',
    },
    title: 'Sign in',
    name: 'Name',
    password: 'Password',
    submit: 'Sign in',
    first: 'First start? Open the link that fleetlog start printed; it makes the first account.',
    signedOut: 'Sign in to see that page.',
  },
  setup: {
    title: 'Create the first account',
    lead: 'It may see everything and add others. The link works once, for an hour.',
    name: 'Name',
    password: 'Password',
    passwordHint: 'Ten characters at least; a sentence is fine.',
    repeat: 'Password again',
    differ: 'The two passwords differ.',
    submit: 'Create and sign in',
    noToken: 'This link has no token.',
    noTokenHint:
      'Copy the whole link from the terminal, with everything after the #. A new one is printed by restarting before the first account exists.',
  },
};

export type Words = typeof en;
