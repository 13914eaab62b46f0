import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { ApiToken, Me } from '../../api/contract.ts';
import { useClient } from '../client/client.tsx';
import { microseconds } from '../format/time.ts';
import { FormError } from '../pages/door.tsx';
import styles from '../pages/page.module.css';
import { Button, Tag } from '../shell/controls.tsx';
import { Moment } from '../shell/moment.tsx';
import { usePreferences } from '../shell/preferences.tsx';
import { useCopy } from '../shell/toast.tsx';
import { visible } from '../text/visible.ts';
import type { Words } from '../words/en.ts';
import { useWords } from '../words/words.tsx';
import { AddToken } from './add-token.tsx';
import { Listing } from './listing.tsx';
import { scopeText } from './scope-words.ts';
import own from './settings.module.css';
import { Adder } from './sheet.tsx';
import { SureButton } from './sure-button.tsx';
import { Seen } from './users.tsx';

/** Tokens for programs; a reader sees and makes their own. A secret is shown once. */
export function Tokens({ me }: { me: Me }) {
  const all = useWords();
  const words = all.settings;
  const client = useClient();
  const queries = useQueryClient();
  const copy = useCopy();
  const { zone } = usePreferences();
  const [secret, setSecret] = useState<string | null>(null);
  const tokens = useQuery({ queryKey: ['tokens'], queryFn: ({ signal }) => client.tokens(signal), staleTime: 0 });
  const changed = () => queries.invalidateQueries({ queryKey: ['tokens'] });
  const revoke = useMutation({ mutationFn: (id: string) => client.removeToken(id), onSuccess: changed });
  const now = client.nowUs();
  const moment = (iso: string | null) => (iso === null ? words.never : <Moment iso={iso} zone={zone} now={now} />);
  return (
    <>
      <p className={own.lead}>{me.role === 'admin' ? words.tokensLead : words.ownTokensLead}</p>
      <Listing
        label={words.sections.tokens}
        query={tokens}
        items={tokens.data}
        rowKey={({ id }) => id}
        none={words.noTokens}
        columns={[
          {
            head: words.name,
            cell: ({ name, createdBy }) => (
              <>
                {visible(name)} <span className={styles.sub}>{visible(words.by(createdBy))}</span>
              </>
            ),
          },
          { head: words.role, cell: ({ role }) => role },
          { head: words.scope, cell: (token) => <Seen text={mayText(token, words)} /> },
          { head: words.created, cell: ({ createdAt }) => moment(createdAt) },
          { head: words.lastUsed, cell: ({ lastUsedAt }) => moment(lastUsedAt) },
          {
            head: words.expires,
            cell: ({ expiresAt }) => (
              <>
                {moment(expiresAt)}{' '}
                {expiresAt !== null && microseconds(expiresAt) <= now && <Tag look="warn">{words.expired}</Tag>}
              </>
            ),
          },
          {
            head: words.actions,
            quiet: true,
            number: true,
            cell: ({ id, name }) => <SureButton label={words.revoke(visible(name))} onSure={() => revoke.mutate(id)} />,
          },
        ]}
      />
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
      <Adder label={words.addToken}>
        {(close) => (
          <AddToken
            me={me}
            onDone={(made) => {
              setSecret(made);
              close();
              changed();
            }}
            onCancel={close}
          />
        )}
      </Adder>
    </>
  );
}

/** What a token is good for: machines write, or read figures. */
function mayText({ role, host, scopes }: ApiToken, words: Words['settings']): string {
  if (role === 'metrics') return words.noLines;
  if (role === 'collector') return words.hostOnly(host ?? '');
  const text = scopeText(scopes, words);
  return role === 'push' ? words.pushes(text) : text;
}
