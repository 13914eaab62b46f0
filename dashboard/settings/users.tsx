import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { ApiUser, Me } from '../../api/contract.ts';
import { useClient } from '../client/client.tsx';
import { FormError } from '../pages/door.tsx';
import styles from '../pages/page.module.css';
import { Button, Tag } from '../shell/controls.tsx';
import { Moment } from '../shell/moment.tsx';
import { usePreferences } from '../shell/preferences.tsx';
import { visible } from '../text/visible.ts';
import { useWords } from '../words/words.tsx';
import { Listing } from './listing.tsx';
import { scopeText } from './scope-words.ts';
import own from './settings.module.css';
import { Adder } from './sheet.tsx';
import { SureButton } from './sure-button.tsx';
import { AddUser, ChangeUser } from './user-sheets.tsx';

/** People who may sign in; for admins. */
export function Users({ me }: { me: Me }) {
  const words = useWords().settings;
  const client = useClient();
  const queries = useQueryClient();
  const { zone } = usePreferences();
  const [changing, setChanging] = useState<string | null>(null);
  const users = useQuery({ queryKey: ['users'], queryFn: ({ signal }) => client.users(signal), staleTime: 0 });
  const changed = () => queries.invalidateQueries({ queryKey: ['users'] });
  const remove = useMutation({ mutationFn: (name: string) => client.removeUser(name), onSuccess: changed });
  const now = client.nowUs();
  const chosen = users.data?.find(({ name }) => name === changing);
  return (
    <>
      <p className={own.lead}>{words.usersLead}</p>
      <Listing
        label={words.sections.users}
        query={users}
        items={users.data}
        rowKey={({ name }) => name}
        none=""
        columns={[
          { head: words.name, cell: (user) => <Named user={user} me={me} /> },
          { head: words.role, cell: ({ role }) => role },
          { head: words.scope, cell: ({ scopes }) => <Seen text={scopeText(scopes, words)} /> },
          { head: words.created, cell: (user) => <Moment iso={user.createdAt} zone={zone} now={now} /> },
          {
            head: words.lastLogin,
            cell: ({ lastLoginAt }) =>
              lastLoginAt === null ? words.never : <Moment iso={lastLoginAt} zone={zone} now={now} />,
          },
          {
            head: words.actions,
            quiet: true,
            number: true,
            cell: ({ name }) =>
              name !== me.name && (
                <span className={own.tools}>
                  <Button
                    small
                    aria-label={words.change(visible(name))}
                    aria-expanded={changing === name}
                    onClick={() => setChanging(changing === name ? null : name)}
                  >
                    {words.edit}
                  </Button>
                  <SureButton label={words.remove(visible(name))} onSure={() => remove.mutate(name)} />
                </span>
              ),
          },
        ]}
      />
      <FormError error={remove.error} />
      {chosen !== undefined && (
        <ChangeUser
          key={chosen.name}
          user={chosen}
          onDone={() => {
            setChanging(null);
            changed();
          }}
          onCancel={() => setChanging(null)}
        />
      )}
      <Adder label={words.addUser}>
        {(close) => (
          <AddUser
            onDone={() => {
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

function Named({ user, me }: { user: ApiUser; me: Me }) {
  const words = useWords().settings;
  return (
    <>
      {visible(user.name)} {user.name === me.name && <Tag>{words.itsYou}</Tag>}{' '}
      {user.disabled && <Tag look="warn">{words.disabled}</Tag>}{' '}
      {user.provider !== undefined && <span className={styles.sub}>{visible(words.provider(user.provider))}</span>}
    </>
  );
}

/** A clause that may be long: cut in the table, whole on hover. */
export function Seen({ text }: { text: string }) {
  return <span title={visible(text)}>{visible(text)}</span>;
}
