import { type FormEvent, type ReactNode, useEffect } from 'react';
import { ApiError } from '../client/request.ts';
import { Segments } from '../shell/controls.tsx';
import { Mark } from '../shell/icon.tsx';
import { usePreferences } from '../shell/preferences.tsx';
import { useWords } from '../words/words.tsx';
import styles from './page.module.css';

/** The frame of login and setup: one form in the middle, the language below. */
export function Door(props: { title: string; onSubmit(event: FormEvent<HTMLFormElement>): void; children: ReactNode }) {
  const preferences = usePreferences();
  const words = useWords();
  useEffect(() => {
    document.title = `${props.title} · Fleetlog`;
  }, [props.title]);
  return (
    <main className={styles.door}>
      <form onSubmit={props.onSubmit}>
        <h1>
          <Mark />
          {props.title}
        </h1>
        {props.children}
        <div className={styles.tools}>
          <Segments
            label={words.settings.language}
            value={preferences.language}
            onChange={(language) => preferences.set({ language })}
            options={[
              { value: 'en', text: 'English' },
              { value: 'zh', text: '中文' },
            ]}
          />
        </div>
      </form>
    </main>
  );
}

/** What the server refused, below the fields. */
export function FormError({ error }: { error: unknown }) {
  const words = useWords();
  if (error === null || error === undefined) return null;
  const network = error instanceof ApiError && error.code === 'network';
  const hint = error instanceof ApiError ? error.hint : undefined;
  return (
    <p className={styles.error} role="alert">
      {network ? words.error.network : error instanceof Error ? error.message : String(error)}{' '}
      {hint !== undefined && <span>{hint}</span>}
    </p>
  );
}
