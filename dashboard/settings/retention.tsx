import { useQuery } from '@tanstack/react-query';
import type { ApiRetentionClass } from '../../api/contract.ts';
import { useClient } from '../client/client.tsx';
import { bytes, count } from '../format/number.ts';
import styles from '../pages/page.module.css';
import { Tag } from '../shell/controls.tsx';
import { Moment } from '../shell/moment.tsx';
import { usePreferences } from '../shell/preferences.tsx';
import { visible } from '../text/visible.ts';
import type { Words } from '../words/en.ts';
import { useWords } from '../words/words.tsx';
import { Listing } from './listing.tsx';
import { scopeText } from './scope-words.ts';
import own from './settings.module.css';
import { Snippet } from './snippet.tsx';
import { Seen } from './users.tsx';

const EXAMPLE = `retention:
  days: 30
  classes:
    - name: audit
      app: 'pay-*'
      env: prod
      days: 365`;

/** Each retention class with its rule, what it holds now, and when the first of that goes. */
export function Retention() {
  const settings = useWords().settings;
  const words = settings.retention;
  const client = useClient();
  const { zone } = usePreferences();
  const found = useQuery({
    queryKey: ['retention'],
    queryFn: ({ signal }) => client.retention(signal),
    staleTime: 0,
    refetchInterval: 30_000,
  });
  const now = client.nowUs();
  const moment = (iso: string | null) => <Moment iso={iso} zone={zone} now={now} />;
  const total = found.data?.total;
  return (
    <>
      <p className={own.lead}>{words.lead}</p>
      {total !== undefined && (
        <p className={own.lead}>
          <strong className="num">{words.total(count(total.records), bytes(total.diskBytes))}</strong>{' '}
          {words.limit(total.bytes === null ? words.share : bytes(total.bytes))}{' '}
          {total.tooOldRecords > 0 && words.refused(count(total.tooOldRecords))}
        </p>
      )}
      <Listing
        label={settings.sections.retention}
        query={found}
        items={found.data?.items}
        rowKey={({ name }) => name}
        none=""
        columns={[
          {
            head: words.name,
            cell: ({ name, configured }) => (
              <>
                {visible(name)} {!configured && <Tag look="warn">{words.unconfigured}</Tag>}
              </>
            ),
          },
          { head: words.rule, cell: (one) => <Seen text={ruleText(one, settings)} /> },
          {
            head: words.keeps,
            cell: ({ days, bytes: most }) =>
              most === null ? words.daysOf(days) : `${words.daysOf(days)}, ${words.most(bytes(most))}`,
          },
          { head: words.lines, number: true, cell: ({ records }) => count(records) },
          { head: words.disk, number: true, cell: ({ diskBytes }) => bytes(diskBytes) },
          { head: words.oldest, number: true, cell: ({ oldest }) => moment(oldest) },
          { head: words.newest, number: true, cell: ({ newest }) => moment(newest) },
          { head: words.next, number: true, cell: ({ nextRemovalAt }) => moment(nextRemovalAt) },
          {
            head: words.tooOld,
            hint: words.tooOldHint,
            number: true,
            cell: ({ tooOldBytes }) => (
              <span className={tooOldBytes > 0 ? styles.warn : undefined}>{bytes(tooOldBytes)}</span>
            ),
          },
        ]}
      />
      <Snippet label={words.configure} text={EXAMPLE} />
    </>
  );
}

function ruleText({ app, env, configured }: ApiRetentionClass, words: Words['settings']): string {
  if (app === null || env === null) return configured ? words.retention.rest : '–';
  return scopeText([{ app, env }], words);
}
