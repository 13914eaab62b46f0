import { useQuery } from '@tanstack/react-query';
import type { Scope } from '../../api/contract.ts';
import { useClient } from '../client/client.tsx';
import { Button, Labelled } from '../shell/controls.tsx';
import { visible } from '../text/visible.ts';
import { useWords } from '../words/words.tsx';
import { appsWithin, scopeText } from './scope-words.ts';
import styles from './settings.module.css';

/** Names shown before the rest is an ellipsis. */
const MOST_NAMES = 8;

/** Pairs of patterns, and in words what they let through: by rule, and right now. */
export function ScopeEditor(props: { label: string; scopes: Scope[]; onChange(scopes: Scope[]): void }) {
  const { scopes, onChange } = props;
  const settings = useWords().settings;
  const words = settings.scopes;
  const client = useClient();
  const there = useQuery({ queryKey: ['containers'], queryFn: ({ signal }) => client.containers(signal) });
  const set = (at: number, change: Partial<Scope>) =>
    onChange(scopes.map((scope, i) => (i === at ? { ...scope, ...change } : scope)));
  const names = appsWithin(scopes, there.data ?? []);
  const shown = names.slice(0, MOST_NAMES).map(visible).join(', ');
  return (
    <fieldset className={styles.scopes}>
      <legend>{props.label}</legend>
      {scopes.map((scope, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a pair is known by its place alone
        <div className={styles.pair} key={at}>
          <Labelled
            label={words.app}
            value={scope.app}
            required
            spellCheck={false}
            title={words.hint}
            onChange={(event) => set(at, { app: event.target.value })}
          />
          <Labelled
            label={words.env}
            value={scope.env}
            required
            spellCheck={false}
            title={words.hint}
            onChange={(event) => set(at, { env: event.target.value })}
          />
          {scopes.length > 1 && (
            <Button
              look="ghost"
              icon="close"
              label={words.remove}
              onClick={() => onChange(scopes.filter((_, i) => i !== at))}
            />
          )}
        </div>
      ))}
      <Button small icon="plus" onClick={() => onChange([...scopes, { app: '', env: '*' }])}>
        {words.add}
      </Button>
      <p className={styles.says} role="status">
        {words.says(
          visible(
            scopeText(
              scopes.filter(({ app, env }) => app !== '' && env !== ''),
              settings,
            ),
          ),
        )}{' '}
        {there.data !== undefined &&
          (names.length === 0
            ? words.none
            : words.now(names.length, names.length > MOST_NAMES ? `${shown}, …` : shown))}{' '}
        <span>{words.hint}</span>
      </p>
    </fieldset>
  );
}
