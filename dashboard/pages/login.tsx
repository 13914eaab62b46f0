import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useLocation, useSearch } from 'wouter';
import { useClient } from '../client/client.tsx';
import { Button, Labelled } from '../shell/controls.tsx';
import { useWords } from '../words/words.tsx';
import { Door, FormError } from './door.tsx';

export function LoginPage() {
  const words = useWords().login;
  const client = useClient();
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const next = pathIn(new URLSearchParams(useSearch()).get('next'));
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
      {next !== '/logs' && login.error === null && <p>{words.signedOut}</p>}
      <Labelled
        label={words.name}
        value={name}
        name="username"
        autoComplete="username"
        autoFocus
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
      <Button look="primary" type="submit" disabled={login.isPending}>
        {words.submit}
      </Button>
      <p>{words.first}</p>
    </Door>
  );
}

/** Only a path of this page: a link must not lead elsewhere after signing in. */
export function pathIn(next: string | null): string {
  return next !== null && /^\/(?![/\\])[\x20-\x7e]*$/.test(next) ? next : '/logs';
}
