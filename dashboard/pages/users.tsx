import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Me } from '../../api/contract.ts';
import { useClient } from '../client/client.tsx';
import { Button, Choice, Labelled, Tag } from '../shell/controls.tsx';
import { Moment } from '../shell/moment.tsx';
import { usePreferences } from '../shell/preferences.tsx';
import { Failed } from '../shell/state.tsx';
import { visible } from '../text/visible.ts';
import { useWords } from '../words/words.tsx';
import { FormError } from './door.tsx';
import styles from './page.module.css';
import { scopeText } from './settings.tsx';
import { SureButton } from './sure-button.tsx';

/** People who may sign in; for admins. */
export function Users({ me }: { me: Me }) {
  const words = useWords().settings;
  const client = useClient();
  const queries = useQueryClient();
  const { zone } = usePreferences();
  const [adding, setAdding] = useState(false);
  const users = useQuery({ queryKey: ['users'], queryFn: ({ signal }) => client.users(signal), staleTime: 0 });
  const changed = () => queries.invalidateQueries({ queryKey: ['users'] });
  const remove = useMutation({ mutationFn: (name: string) => client.removeUser(name), onSuccess: changed });
  const now = client.nowUs();
  return (
    <section className={styles.section}>
      <h2>{words.users}</h2>
      {users.error !== null ? (
        <Failed error={users.error} onAgain={() => users.refetch()} />
      ) : (
        <div className={styles.scroll}>
          <table className={styles.table}>
            <thead>
              <tr>
                {[words.name, words.role, words.scope, words.created, words.lastLogin].map((head) => (
                  <th key={head} scope="col">
                    {head}
                  </th>
                ))}
                <th scope="col" />
              </tr>
            </thead>
            <tbody>
              {(users.data ?? []).map((user) => (
                <tr key={user.name}>
                  <th scope="row">
                    {visible(user.name)} {user.disabled && <Tag look="warn">{words.disabled}</Tag>}
                  </th>
                  <td>{user.role}</td>
                  <td>{scopeText(user.scopes, words.everything)}</td>
                  <td>
                    <Moment iso={user.createdAt} zone={zone} now={now} />
                  </td>
                  <td>
                    <Moment iso={user.lastLoginAt} zone={zone} now={now} />
                  </td>
                  <td className={styles.number}>
                    {user.name !== me.name && (
                      <SureButton label={words.remove(visible(user.name))} onSure={() => remove.mutate(user.name)} />
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <FormError error={remove.error} />
      {adding ? (
        <AddUser
          onDone={() => {
            setAdding(false);
            changed();
          }}
          onCancel={() => setAdding(false)}
        />
      ) : (
        <div className={styles.actions}>
          <Button icon="plus" onClick={() => setAdding(true)}>
            {words.addUser}
          </Button>
        </div>
      )}
    </section>
  );
}

function AddUser({ onDone, onCancel }: { onDone(): void; onCancel(): void }) {
  const all = useWords();
  const words = all.settings;
  const client = useClient();
  const [user, setUser] = useState({
    name: '',
    password: '',
    role: 'reader' as 'reader' | 'admin',
    app: '*',
    env: '*',
  });
  const add = useMutation({
    mutationFn: () =>
      client.addUser({
        name: user.name,
        password: user.password,
        role: user.role,
        scopes: [{ app: user.app, env: user.env }],
      }),
    onSuccess: onDone,
  });
  const set = (change: Partial<typeof user>) => setUser({ ...user, ...change });
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        add.mutate();
      }}
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
      <Choice<'reader' | 'admin'>
        label={words.role}
        value={user.role}
        options={[
          { value: 'reader', text: words.reader },
          { value: 'admin', text: words.admin },
        ]}
        onChange={(role) => set({ role })}
      />
      {user.role === 'reader' && (
        <>
          <Labelled
            label={words.apps}
            value={user.app}
            required
            title={words.pattern}
            onChange={(event) => set({ app: event.target.value })}
          />
          <Labelled
            label={words.envs}
            value={user.env}
            required
            title={words.pattern}
            onChange={(event) => set({ env: event.target.value })}
          />
        </>
      )}
      <span className={styles.actions}>
        <Button look="primary" type="submit" disabled={add.isPending}>
          {words.addUser}
        </Button>
        <Button look="ghost" onClick={onCancel}>
          {all.cancel}
        </Button>
      </span>
      <FormError error={add.error} />
    </form>
  );
}
