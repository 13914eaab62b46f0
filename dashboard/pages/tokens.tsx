import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Me, Role } from '../../api/contract.ts';
import { useClient } from '../client/client.tsx';
import { Button, Choice, Labelled } from '../shell/controls.tsx';
import { Moment } from '../shell/moment.tsx';
import { usePreferences } from '../shell/preferences.tsx';
import { Failed } from '../shell/state.tsx';
import { useCopy } from '../shell/toast.tsx';
import { visible } from '../text/visible.ts';
import { useWords } from '../words/words.tsx';
import { FormError } from './door.tsx';
import styles from './page.module.css';
import { scopeText } from './settings.tsx';
import { SureButton } from './sure-button.tsx';

/** Tokens for programs; a reader sees and makes their own. A secret is shown once. */
export function Tokens({ me }: { me: Me }) {
  const all = useWords();
  const words = all.settings;
  const client = useClient();
  const queries = useQueryClient();
  const copy = useCopy();
  const { zone } = usePreferences();
  const [adding, setAdding] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  const tokens = useQuery({ queryKey: ['tokens'], queryFn: ({ signal }) => client.tokens(signal), staleTime: 0 });
  const changed = () => queries.invalidateQueries({ queryKey: ['tokens'] });
  const revoke = useMutation({ mutationFn: (id: string) => client.removeToken(id), onSuccess: changed });
  const now = client.nowUs();
  return (
    <section className={styles.section}>
      <h2>{words.tokens}</h2>
      {tokens.error !== null ? (
        <Failed error={tokens.error} onAgain={() => tokens.refetch()} />
      ) : tokens.data?.length === 0 ? (
        <p className="dim">{words.noTokens}</p>
      ) : (
        <div className={styles.scroll}>
          <table className={styles.table}>
            <thead>
              <tr>
                {[words.name, words.role, words.scope, words.created, words.lastUsed, words.expires].map((head) => (
                  <th key={head} scope="col">
                    {head}
                  </th>
                ))}
                <th scope="col" />
              </tr>
            </thead>
            <tbody>
              {(tokens.data ?? []).map((token) => (
                <tr key={token.id}>
                  <th scope="row">
                    {visible(token.name)} <span className={styles.sub}>{visible(token.createdBy)}</span>
                  </th>
                  <td>{token.role}</td>
                  <td>{token.host === null ? scopeText(token.scopes, words.everything) : visible(token.host)}</td>
                  <td>
                    <Moment iso={token.createdAt} zone={zone} now={now} />
                  </td>
                  <td>
                    {token.lastUsedAt === null ? words.never : <Moment iso={token.lastUsedAt} zone={zone} now={now} />}
                  </td>
                  <td>
                    {token.expiresAt === null ? words.never : <Moment iso={token.expiresAt} zone={zone} now={now} />}
                  </td>
                  <td className={styles.number}>
                    <SureButton label={words.revoke(visible(token.name))} onSure={() => revoke.mutate(token.id)} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <FormError error={revoke.error} />
      {secret !== null && (
        <div className={styles.secret} role="status">
          {words.secret}
          <code className="mono">{secret}</code>
          <Button small icon="copy" onClick={() => copy(secret)}>
            {all.copy}
          </Button>
        </div>
      )}
      {adding ? (
        <AddToken
          me={me}
          onDone={(made) => {
            setSecret(made);
            setAdding(false);
            changed();
          }}
          onCancel={() => setAdding(false)}
        />
      ) : (
        <div className={styles.actions}>
          <Button icon="plus" onClick={() => setAdding(true)}>
            {words.addToken}
          </Button>
        </div>
      )}
    </section>
  );
}

function AddToken({ me, onDone, onCancel }: { me: Me; onDone(secret: string): void; onCancel(): void }) {
  const all = useWords();
  const words = all.settings;
  const client = useClient();
  const [token, setToken] = useState({ name: '', role: 'reader' as Role, host: '', app: '*', env: '*', days: '' });
  const add = useMutation({
    mutationFn: () =>
      client.addToken({
        name: token.name,
        role: token.role,
        ...(token.role === 'collector' ? { host: token.host } : {}),
        ...(token.role === 'push' ? { scopes: [{ app: token.app, env: token.env }] } : {}),
        ...(token.days === '' ? {} : { days: Number(token.days) }),
      }),
    onSuccess: (made) => onDone(made.secret),
  });
  const roles: Role[] = me.role === 'admin' ? ['reader', 'collector', 'push', 'metrics', 'admin'] : ['reader'];
  const set = (change: Partial<typeof token>) => setToken({ ...token, ...change });
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
      {token.role === 'push' && (
        <>
          <Labelled
            label={words.apps}
            value={token.app}
            required
            title={words.pattern}
            onChange={(event) => set({ app: event.target.value })}
          />
          <Labelled
            label={words.envs}
            value={token.env}
            required
            title={words.pattern}
            onChange={(event) => set({ env: event.target.value })}
          />
        </>
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
      <span className={styles.actions}>
        <Button look="primary" type="submit" disabled={add.isPending}>
          {words.addToken}
        </Button>
        <Button look="ghost" onClick={onCancel}>
          {all.cancel}
        </Button>
      </span>
      <FormError error={add.error} />
    </form>
  );
}
