import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { Me, Role } from '../../api/contract.ts';
import { useClient } from '../client/client.tsx';
import { Choice, Labelled } from '../shell/controls.tsx';
import { useWords } from '../words/words.tsx';
import { ScopeEditor } from './scope-editor.tsx';
import { Sheet } from './sheet.tsx';

/** Asks for a token's name, role, what goes with the role, and how long it lasts; gives its secret. */
export function AddToken({ me, onDone, onCancel }: { me: Me; onDone(secret: string): void; onCancel(): void }) {
  const words = useWords().settings;
  const client = useClient();
  // Nobody gives away more than they have; the server holds them to it.
  const [token, setToken] = useState({ name: '', role: 'reader' as Role, host: '', scopes: me.scopes, days: '' });
  const isScoped = token.role === 'reader' || token.role === 'push';
  const add = useMutation({
    mutationFn: () =>
      client.addToken({
        name: token.name,
        role: token.role,
        ...(token.role === 'collector' ? { host: token.host } : {}),
        ...(isScoped ? { scopes: token.scopes } : {}),
        ...(token.days === '' ? {} : { days: Number(token.days) }),
      }),
    onSuccess: (made) => onDone(made.secret),
  });
  const roles: Role[] = me.role === 'admin' ? ['reader', 'collector', 'push', 'metrics', 'admin'] : ['reader'];
  const set = (change: Partial<typeof token>) => setToken({ ...token, ...change });
  return (
    <Sheet
      label={words.addToken}
      submit={words.addToken}
      pending={add.isPending}
      error={add.error}
      onSubmit={() => add.mutate()}
      onCancel={onCancel}
    >
      <Labelled
        label={words.name}
        value={token.name}
        autoFocus
        required
        autoComplete="off"
        onChange={(event) => set({ name: event.target.value })}
      />
      <Choice
        label={words.role}
        value={token.role}
        options={roles.map((role) => ({ value: role, text: words[role] }))}
        onChange={(role) => set({ role })}
      />
      {token.role === 'collector' && (
        <Labelled
          label={words.host}
          value={token.host}
          required
          onChange={(event) => set({ host: event.target.value })}
        />
      )}
      <Labelled
        label={words.days}
        value={token.days}
        type="number"
        min={1}
        max={3650}
        placeholder={words.never}
        onChange={(event) => set({ days: event.target.value })}
      />
      {isScoped && (
        <ScopeEditor
          label={token.role === 'push' ? words.scopes.writes : words.scopes.title}
          scopes={token.scopes}
          onChange={(scopes) => set({ scopes })}
        />
      )}
    </Sheet>
  );
}
