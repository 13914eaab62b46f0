import { type Static, Type } from 'typebox';

/** How people can sign in here; asked before anybody is. */
export const LoginMethodsSchema = Type.Object({
  password: Type.Boolean({ description: 'Local users sign in by name and password' }),
  oidc: Type.Union([
    Type.Object({
      label: Type.String({ description: 'For the button' }),
      url: Type.String({ description: 'Open it in the browser, with `next` as the path to go on to' }),
    }),
    Type.Null(),
  ]),
});
export type LoginMethods = Static<typeof LoginMethodsSchema>;

/** Why a sign-in by the provider ended at the login page: `/login?refused=CODE`. */
export const OIDC_REFUSALS = [
  'provider_down',
  'no_group',
  'expired',
  'denied',
  'disabled',
  'name_taken',
  'no_name',
  'provider_refused',
  'too_many',
] as const;
export type OidcRefusal = (typeof OIDC_REFUSALS)[number];
