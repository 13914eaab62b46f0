import { useInfiniteQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useSearchParams } from 'wouter';
import type { ApiAuditEntry } from '../../api/contract.ts';
import { useClient } from '../client/client.tsx';
import styles from '../pages/page.module.css';
import { Button, Choice, Labelled, Tag } from '../shell/controls.tsx';
import { Moment } from '../shell/moment.tsx';
import { usePreferences } from '../shell/preferences.tsx';
import { visible } from '../text/visible.ts';
import { useWords } from '../words/words.tsx';
import { type AuditFilter, auditCommand, filterOf, paramsOf, questionOf, SPANS } from './audit-filter.ts';
import { ChainCheck } from './chain-check.tsx';
import { Listing } from './listing.tsx';
import own from './settings.module.css';
import { Snippet } from './snippet.tsx';

/** Who did what, newest first, page by page; the filter stands in the address. */
export function Audit() {
  const settings = useWords().settings;
  const words = settings.audit;
  const client = useClient();
  const { zone } = usePreferences();
  const [params, setParams] = useSearchParams();
  const filter = filterOf(params);
  const found = useInfiniteQuery({
    queryKey: ['audit', filter],
    queryFn: ({ pageParam, signal }) => client.audit({ ...questionOf(filter), cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
    staleTime: 0,
  });
  const entries = found.data?.pages.flatMap(({ items }) => items);
  const broken = found.data?.pages.some(({ notes }) => notes.some(({ code }) => code === 'audit_broken'));
  const now = client.nowUs();
  return (
    <>
      <p className={own.lead}>{words.lead}</p>
      <ChainCheck />
      <Filter key={params.toString()} filter={filter} onChange={(next) => setParams(paramsOf(next))} />
      {broken && <p className={styles.bad}>{words.broken}</p>}
      <Listing
        label={settings.sections.audit}
        query={found}
        items={entries}
        rowKey={({ seq }) => String(seq)}
        none={words.none}
        rowClass={({ outcome }) => (outcome === 'ok' ? undefined : own.refused)}
        columns={[
          { head: words.time, cell: ({ time }) => <Moment iso={time} zone={zone} now={now} /> },
          { head: words.who, cell: ({ actor }) => visible(actor) },
          { head: words.what, cell: ({ action }) => <span className="mono">{visible(action)}</span> },
          {
            head: words.ended,
            cell: ({ outcome }) =>
              outcome === 'ok' ? (
                words.outcomes.ok
              ) : (
                <Tag look={outcome === 'failed' ? 'bad' : 'warn'}>{words.outcomes[outcome]}</Tag>
              ),
          },
          { head: words.target, cell: ({ target }) => visible(target ?? '–') },
          { head: words.from, cell: ({ ip }) => visible(ip ?? '–') },
          { head: words.detail, cell: (entry) => <Detail entry={entry} /> },
        ]}
      />
      {entries !== undefined && entries.length > 0 && (
        <div className={styles.actions}>
          {found.hasNextPage ? (
            <Button disabled={found.isFetchingNextPage} onClick={() => found.fetchNextPage()}>
              {words.more}
            </Button>
          ) : (
            <p className="faint">{words.end(entries.length)}</p>
          )}
        </div>
      )}
      <Snippet label={words.export} text={auditCommand(filter)} />
    </>
  );
}

function Detail({ entry }: { entry: ApiAuditEntry }) {
  const text = Object.entries(entry.detail)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
  return <span title={visible(text)}>{visible(text) || '–'}</span>;
}

function Filter({ filter, onChange }: { filter: AuditFilter; onChange(filter: AuditFilter): void }) {
  const words = useWords().settings.audit;
  const [who, setWho] = useState(filter.who);
  const [what, setWhat] = useState(filter.what);
  const apply = (change: Partial<AuditFilter> = {}) => onChange({ ...filter, who, what, ...change });
  return (
    <form
      className={own.filter}
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        apply();
      }}
    >
      <Labelled label={words.who} value={who} placeholder={words.whoHint} onChange={(e) => setWho(e.target.value)} />
      <Labelled
        label={words.what}
        value={what}
        placeholder={words.whatHint}
        onChange={(e) => setWhat(e.target.value)}
      />
      <Choice
        label={words.ended}
        value={filter.outcome}
        options={(['any', 'ok', 'refused', 'failed'] as const).map((value) => ({
          value,
          text: value === 'any' ? words.any : words.outcomes[value],
        }))}
        onChange={(outcome) => apply({ outcome })}
      />
      <Choice
        label={words.when}
        value={filter.span}
        options={SPANS.map((value) => ({ value, text: words.spans[value] }))}
        onChange={(span) => apply({ span })}
      />
      <Button type="submit" icon="filter">
        {words.apply}
      </Button>
    </form>
  );
}
