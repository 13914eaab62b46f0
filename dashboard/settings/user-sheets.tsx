import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { ApiUser, Scope } from '../../api/contract.ts';
import { type UserChange, useClient } from '../client/client.tsx';
import { Choice, Labelled } from '../shell/controls.tsx';
import { visible } from '../text/visible.ts';
import { useWords } from '../words/words.tsx';
import { ScopeEditor } from './scope-editor.tsx';
import own from './settings.module.css';
import { Sheet } from './sheet.tsx';

type PersonRole = 'reader' | 'admin';
const EVERYTHING: Scope[] = [{ app: '*', env: '*' }];

export function AddUser({ onDone, onCancel }: { onDone(): void; onCancel(): void }) {
  const words = useWords().settings;
  const client = useClient();
  const [user, setUser] = useState({ name: '', password: '', role: 'reader' as PersonRole, scopes: EVERYTHING });
  const set = (change: Partial<typeof user>) => setUser({ ...user, ...change });
  const add = useMutation({ mutationFn: () => client.addUser(user), onSuccess: onDone });
  return (
    <Sheet
      label={words.addUser}
      submit={words.addUser}
      pending={add.isPending}
      error={add.error}
      onSubmit={() => add.mutate()}
      onCancel={onCancel}
    >
      <Labelled
        label={words.name}
        value={user.name}
        autoFocus
        required
        autoComplete="off"
        onChange={(event) => set({ name: event.target.value })}
      />
      <Labelled
        label={words.password}
        value={user.password}
        type="password"
        required
        autoComplete="new-password"
        onChange={(event) => set({ password: event.target.value })}
      />
      <Rights role={user.role} scopes={user.scopes} onChange={set} />
    </Sheet>
  );
}

/** Rights, password and whether they come in; of people who come by a provider only the last. */
export function ChangeUser({ user, onDone, onCancel }: { user: ApiUser; onDone(): void; onCancel(): void }) {
  const words = useWords().settings;
  const client = useClient();
  const [disabled, setDisabled] = useState(user.disabled);
  const [password, setPassword] = useState('');
  const [rights, setRights] = useState({ role: user.role as PersonRole, scopes: user.scopes });
  const save = useMutation({
    mutationFn: () => {
      const change: UserChange = { disabled };
      if (user.provider === undefined) Object.assign(change, rights, password === '' ? {} : { password });
      return client.changeUser(user.name, change);
    },
    onSuccess: onDone,
  });
  return (
    <Sheet
      label={words.change(visible(user.name))}
      submit={words.save}
      pending={save.isPending}
      error={save.error}
      onSubmit={() => save.mutate()}
      onCancel={onCancel}
    >
      <h3 className={own.across}>{words.change(visible(user.name))}</h3>
      {user.provider !== undefined && <p className={own.across}>{words.providerRights(visible(user.provider))}</p>}
      <Choice
        label={words.enabled}
        value={disabled ? 'no' : 'yes'}
        options={[
          { value: 'yes', text: words.yes },
          { value: 'no', text: words.no },
        ]}
        onChange={(may) => setDisabled(may === 'no')}
      />
      {user.provider === undefined && (
        <>
          <Labelled
            label={words.newPassword}
            hint={words.resetHint}
            value={password}
            type="password"
            autoComplete="new-password"
            onChange={(event) => setPassword(event.target.value)}
          />
          <Rights {...rights} onChange={(change) => setRights({ ...rights, ...change })} />
        </>
      )}
    </Sheet>
  );
}

function Rights(props: {
  role: PersonRole;
  scopes: Scope[];
  onChange(change: { role?: PersonRole; scopes?: Scope[] }): void;
}) {
  const words = useWords().settings;
  return (
    <>
      <Choice<PersonRole>
        label={words.role}
        value={props.role}
        options={[
          { value: 'reader', text: words.reader },
          { value: 'admin', text: words.admin },
        ]}
        // Figures over all apps are for admins who see all apps.
        onChange={(role) => props.onChange(role === 'admin' ? { role, scopes: EVERYTHING } : { role })}
      />
      {props.role === 'reader' && (
        <ScopeEditor
          label={words.scopes.title}
          scopes={props.scopes}
          onChange={(scopes) => props.onChange({ scopes })}
        />
      )}
    </>
  );
}
