import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useLocation } from 'wouter';
import type { Me } from '../../api/contract.ts';
import { useClient } from '../client/client.tsx';
import { zoneName } from '../format/time.ts';
import styles from '../pages/page.module.css';
import { Button, Labelled, Segments } from '../shell/controls.tsx';
import { usePreferences } from '../shell/preferences.tsx';
import { useToast } from '../shell/toast.tsx';
import { visible } from '../text/visible.ts';
import { useWords } from '../words/words.tsx';
import { scopeText } from './scope-words.ts';
import { Adder, Sheet } from './sheet.tsx';

/** Who is signed in, and how this browser shows things. */
export function You({ me }: { me: Me }) {
  const words = useWords().settings;
  return (
    <>
      <Account me={me} />
      <Look />
      <p className="faint">
        {words.version(me.version)} · <a href="/api/docs">{words.api}</a>
      </p>
    </>
  );
}

function Account({ me }: { me: Me }) {
  const words = useWords().settings;
  const client = useClient();
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const logout = useMutation({
    mutationFn: () => client.logout(),
    onSuccess: () => {
      navigate('/login');
      queries.clear();
    },
  });
  return (
    <section className={styles.section}>
      <h3>{words.you}</h3>
      <dl className={styles.pairs}>
        <dt>{words.name}</dt>
        <dd>{visible(me.name)}</dd>
        <dt>{words.role}</dt>
        <dd>{words[me.role]}</dd>
        <dt>{words.scope}</dt>
        <dd>{visible(scopeText(me.scopes, words))}</dd>
      </dl>
      {me.kind === 'user' && (
        <>
          <div className={styles.actions}>
            <Button icon="logout" onClick={() => logout.mutate()}>
              {words.signOut}
            </Button>
          </div>
          <Adder label={words.changePassword}>{(close) => <OwnPassword onDone={close} />}</Adder>
        </>
      )}
    </section>
  );
}

function OwnPassword({ onDone }: { onDone(): void }) {
  const words = useWords().settings;
  const client = useClient();
  const toast = useToast();
  const [old, setOld] = useState('');
  const [password, setPassword] = useState('');
  const change = useMutation({
    mutationFn: () => client.changePassword(old, password),
    onSuccess: () => {
      toast(words.passwordChanged);
      onDone();
    },
  });
  return (
    <Sheet
      label={words.changePassword}
      submit={words.save}
      pending={change.isPending}
      error={change.error}
      onSubmit={() => change.mutate()}
      onCancel={onDone}
    >
      <Labelled
        label={words.oldPassword}
        type="password"
        required
        autoFocus
        autoComplete="current-password"
        value={old}
        onChange={(event) => setOld(event.target.value)}
      />
      <Labelled
        label={words.newPassword}
        type="password"
        required
        autoComplete="new-password"
        value={password}
        onChange={(event) => setPassword(event.target.value)}
      />
    </Sheet>
  );
}

function Look() {
  const words = useWords().settings;
  const preferences = usePreferences();
  return (
    <section className={styles.section}>
      <h3>{words.look}</h3>
      <dl className={styles.pairs}>
        <dt>{words.language}</dt>
        <dd>
          <Segments
            label={words.language}
            value={preferences.language}
            onChange={(language) => preferences.set({ language })}
            options={[
              { value: 'en', text: 'English' },
              { value: 'zh', text: '中文' },
            ]}
          />
        </dd>
        <dt>{words.theme}</dt>
        <dd>
          <Segments
            label={words.theme}
            value={preferences.theme}
            onChange={(theme) => preferences.set({ theme })}
            options={[
              { value: 'system', text: words.system },
              { value: 'light', text: words.light },
              { value: 'dark', text: words.dark },
            ]}
          />
        </dd>
        <dt>{words.zone}</dt>
        <dd>
          <Segments
            label={words.zone}
            value={preferences.zone}
            onChange={(zone) => preferences.set({ zone })}
            options={[
              { value: 'local', text: words.local, extra: zoneName(Date.now() * 1000, 'local') },
              { value: 'utc', text: words.utc },
            ]}
          />
        </dd>
      </dl>
    </section>
  );
}
