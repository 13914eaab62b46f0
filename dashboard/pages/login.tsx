import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useLocation, useSearch } from 'wouter';
import { useClient } from '../client/client.tsx';
import { Button, Labelled } from '../shell/controls.tsx';
import { useWords } from '../words/words.tsx';
import { Door, FormError } from './door.tsx';
import { useLoginMethods } from './login-methods.ts';
import styles from './page.module.css';

export function LoginPage() {
  const words = useWords().login;
  const client = useClient();
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const search = new URLSearchParams(useSearch());
  const next = pathIn(search.get('next'));
  const refused = refusalIn(words.refused, search.get('refused'));
  const { oidc } = useLoginMethods();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const login = useMutation({
    mutationFn: () => client.login(name, password),
    onSuccess: () => {
      queries.clear();
      navigate(next, { replace: true });
    },
  });
  return (
    <Door
      title={words.title}
      onSubmit={(event) => {
        event.preventDefault();
        login.mutate();
      }}
    >
      {refused !== undefined && (
        <p className={styles.error} role="alert">
          {refused}
        </p>
      )}
      {next !== '/logs' && refused === undefined && login.error === null && <p>{words.signedOut}</p>}
      {oidc !== null && (
        <>
          <Button look="primary" onClick={() => window.location.assign(`${oidc.url}?${new URLSearchParams({ next })}`)}>
            {words.signInWith(oidc.label)}
          </Button>
          <p>{words.orLocal}</p>
        </>
      )}
      <Labelled
        label={words.name}
        value={name}
        name="username"
        autoComplete="username"
        autoFocus={oidc === null}
        required
        onChange={(event) => setName(event.target.value)}
      />
      <Labelled
        label={words.password}
        value={password}
        type="password"
        name="password"
        autoComplete="current-password"
        required
        onChange={(event) => setPassword(event.target.value)}
      />
      <FormError error={login.error} />
      <Button look={oidc === null ? 'primary' : undefined} type="submit" disabled={login.isPending}>
        {words.submit}
      </Button>
      {oidc === null && <p>{words.first}</p>}
    </Door>
  );
}

/** Only a path of this page: a link must not lead elsewhere after signing in. */
export function pathIn(next: string | null): string {
  return next !== null && /^\/(?![/\\])[\x20-\x7e]*$/.test(next) ? next : '/logs';
}

/** What a known code says; an address can name any, and must not choose the words. */
function refusalIn(refusals: Record<string, string>, code: string | null): string | undefined {
  return code !== null && Object.hasOwn(refusals, code) ? refusals[code] : undefined;
}
