import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { useClient } from '../client/client.tsx';
import { Button, Labelled } from '../shell/controls.tsx';
import { useWords } from '../words/words.tsx';
import { Door, FormError } from './door.tsx';

/** Reached by the link of the first start. The token stands in the fragment, which no server and no log ever sees. */
export function SetupPage() {
  const words = useWords().setup;
  const client = useClient();
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const [token] = useState(() => decodeURIComponent(window.location.hash.slice(1)));
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [repeat, setRepeat] = useState('');
  const differ = repeat !== '' && repeat !== password;
  const setup = useMutation({
    mutationFn: () => client.setup(token, name, password),
    onSuccess: () => {
      queries.clear();
      navigate('/logs', { replace: true });
    },
  });
  return (
    <Door
      title={words.title}
      onSubmit={(event) => {
        event.preventDefault();
        if (password === repeat) setup.mutate();
        else setRepeat(repeat === '' ? ' ' : repeat);
      }}
    >
      {token === '' ? (
        <p role="alert">
          {words.noToken} {words.noTokenHint}
        </p>
      ) : (
        <>
          <p>{words.lead}</p>
          <Labelled
            label={words.name}
            value={name}
            name="username"
            autoComplete="username"
            autoFocus
            required
            maxLength={128}
            onChange={(event) => setName(event.target.value)}
          />
          <Labelled
            label={words.password}
            value={password}
            type="password"
            autoComplete="new-password"
            required
            hint={words.passwordHint}
            onChange={(event) => setPassword(event.target.value)}
          />
          <Labelled
            label={words.repeat}
            value={repeat}
            type="password"
            autoComplete="new-password"
            required
            aria-invalid={differ}
            onChange={(event) => setRepeat(event.target.value)}
          />
          {differ && <FormError error={words.differ} />}
          <FormError error={setup.error} />
          <Button look="primary" type="submit" disabled={setup.isPending}>
            {words.submit}
          </Button>
        </>
      )}
    </Door>
  );
}
