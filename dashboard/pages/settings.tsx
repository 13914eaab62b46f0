import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useLocation } from 'wouter';
import type { Me } from '../../api/contract.ts';
import { useClient } from '../client/client.tsx';
import { useMe } from '../client/session.ts';
import { zoneName } from '../format/time.ts';
import { Button, Segments } from '../shell/controls.tsx';
import { Frame } from '../shell/frame.tsx';
import { usePreferences } from '../shell/preferences.tsx';
import { visible } from '../text/visible.ts';
import { useWords } from '../words/words.tsx';
import styles from './page.module.css';
import { Tokens } from './tokens.tsx';
import { Users } from './users.tsx';

export function SettingsPage() {
  const words = useWords().settings;
  const me = useMe();
  return (
    <Frame title={words.title}>
      <div className={styles.page}>
        <header className={styles.head}>
          <h1>{words.title}</h1>
        </header>
        {me.data !== undefined && <You me={me.data} />}
        <Look />
        {me.data?.role === 'admin' && <Users me={me.data} />}
        {me.data !== undefined && me.data.kind !== 'token' && <Tokens me={me.data} />}
        {me.data !== undefined && (
          <p className="faint">
            {words.version(me.data.version)} · <a href="/api/docs">{words.api}</a>
          </p>
        )}
      </div>
    </Frame>
  );
}

function You({ me }: { me: Me }) {
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
      <h2>{words.you}</h2>
      <dl className={styles.pairs}>
        <dt>{words.name}</dt>
        <dd>{visible(me.name)}</dd>
        <dt>{words.role}</dt>
        <dd>{me.role}</dd>
        <dt>{words.scope}</dt>
        <dd>{scopeText(me.scopes, words.everything)}</dd>
      </dl>
      {me.kind === 'user' && (
        <div className={styles.actions}>
          <Button icon="logout" onClick={() => logout.mutate()}>
            {words.signOut}
          </Button>
        </div>
      )}
    </section>
  );
}

function Look() {
  const words = useWords().settings;
  const preferences = usePreferences();
  return (
    <section className={styles.section}>
      <h2>{words.look}</h2>
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

/** `shop* / prod`, or everything. */
export function scopeText(scopes: { app: string; env: string }[], everything: string): string {
  if (scopes.some((scope) => scope.app === '*' && scope.env === '*')) return everything;
  return scopes.map((scope) => `${visible(scope.app)} / ${visible(scope.env)}`).join(', ');
}
