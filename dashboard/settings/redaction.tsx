import { useQuery } from '@tanstack/react-query';
import { useClient } from '../client/client.tsx';
import { count } from '../format/number.ts';
import { Tag } from '../shell/controls.tsx';
import { Moment } from '../shell/moment.tsx';
import { usePreferences } from '../shell/preferences.tsx';
import { visible } from '../text/visible.ts';
import { useWords } from '../words/words.tsx';
import { Listing } from './listing.tsx';
import { redactionRows } from './redaction-rows.ts';
import own from './settings.module.css';
import { Snippet } from './snippet.tsx';

const EXAMPLE = `collector:
  redact: true
  redactCards: true
  redaction:
    - name: phone
      pattern: '手机号[:：](\\d{11})'`;

/** Which rules are on, where, and how much each took out; never what. */
export function Redaction() {
  const settings = useWords().settings;
  const words = settings.redaction;
  const client = useClient();
  const { zone } = usePreferences();
  const found = useQuery({
    queryKey: ['redaction'],
    queryFn: ({ signal }) => client.redaction(signal),
    staleTime: 0,
    refetchInterval: 10_000,
  });
  const rows = found.data === undefined ? undefined : redactionRows(found.data);
  const now = client.nowUs();
  return (
    <>
      <p className={own.lead}>{words.lead}</p>
      <Listing
        label={words.rule}
        query={found}
        items={rows?.rules}
        rowKey={({ rule }) => rule}
        none=""
        columns={[
          { head: words.rule, cell: ({ rule }) => <span className="mono">{visible(rule)}</span> },
          { head: words.finds, cell: ({ rule }) => words.known[rule] ?? words.own },
          {
            head: words.on,
            cell: ({ on, of }) =>
              on === 0 ? (
                <Tag>{words.off}</Tag>
              ) : on === of ? (
                words.onAll
              ) : (
                <Tag look="warn">{words.onSome(on, of)}</Tag>
              ),
          },
          { head: words.lines, number: true, cell: ({ on, lines }) => (on === 0 ? '–' : count(lines)) },
          { head: words.places, number: true, cell: ({ on, places }) => (on === 0 ? '–' : count(places)) },
        ]}
      />
      {rows !== undefined && (
        <>
          <h3 className={own.sub}>{words.hosts}</h3>
          <Listing
            label={words.hosts}
            query={found}
            items={rows.hosts}
            rowKey={({ host }) => host ?? ''}
            none={words.none}
            columns={[
              { head: words.host, cell: ({ host }) => (host === null ? words.pushed : visible(host)) },
              { head: words.since, cell: ({ since }) => <Moment iso={since} zone={zone} now={now} /> },
              { head: words.places, number: true, cell: ({ places }) => count(places) },
            ]}
          />
        </>
      )}
      <Snippet label={words.configure} text={EXAMPLE} />
    </>
  );
}
