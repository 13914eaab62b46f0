import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import type { ApiContainer, LedgerItem, Me } from '../../api/contract.ts';
import { useClient } from '../client/client.tsx';
import styles from '../pages/page.module.css';
import { Button, Field } from '../shell/controls.tsx';
import { visible } from '../text/visible.ts';
import { useWords } from '../words/words.tsx';
import { Listing } from './listing.tsx';
import { namingOf } from './naming.ts';
import own from './settings.module.css';
import { Snippet } from './snippet.tsx';

/** More rows than this make the page slow, and nobody reads them. */
const MOST_ROWS = 300;

/** Every file and stream with its names, which rule gave them, and what would change them. */
export function Sources({ me }: { me: Me }) {
  const settings = useWords().settings;
  const words = settings.sources;
  const client = useClient();
  const [filter, setFilter] = useState('');
  const [gone, setGone] = useState(false);
  const [open, setOpen] = useState<string | null>(null);
  const fresh = { staleTime: 0, refetchInterval: 10_000 };
  const ledger = useQuery({ queryKey: ['ledger'], queryFn: ({ signal }) => client.ledger(signal), ...fresh });
  const containers = useQuery({
    queryKey: ['containers'],
    queryFn: ({ signal }) => client.containers(signal),
    ...fresh,
  });
  const warnings = useMemo(() => warningsOf(containers.data ?? []), [containers.data]);
  const shown = useMemo(() => {
    const parts = filter.toLowerCase().split(/\s+/).filter(Boolean);
    return (ledger.data ?? []).filter(
      (item) => (gone || item.state !== 'gone') && parts.every((part) => textOf(item).includes(part)),
    );
  }, [ledger.data, filter, gone]);
  return (
    <>
      <p className={own.lead}>
        {words.lead} {me.role !== 'admin' && words.yours}
      </p>
      <div className={own.bar}>
        <Field
          type="search"
          value={filter}
          placeholder={words.search}
          aria-label={words.search}
          onChange={(event) => setFilter(event.target.value)}
        />
        <Button small aria-pressed={gone} onClick={() => setGone(!gone)}>
          {words.gone}
        </Button>
      </div>
      <Listing
        label={settings.sections.sources}
        query={ledger}
        items={ledger.data === undefined ? undefined : shown.slice(0, MOST_ROWS)}
        rowKey={keyOf}
        none={ledger.data?.length === 0 ? words.nothing : words.none}
        columns={[
          { head: words.source, cell: (item) => <Names item={item} /> },
          { head: words.instance, cell: ({ source }) => visible(source.instance) },
          { head: words.host, cell: ({ source }) => visible(source.host) },
          { head: words.named, cell: ({ source }) => <Rule named={source.named} /> },
          { head: words.reader, cell: ({ source }) => source.reader },
          {
            head: words.state,
            cell: ({ state, reason }) => (
              <span
                className={state === 'denied' || state === 'failed' ? styles.bad : undefined}
                title={reason === null ? undefined : visible(reason)}
              >
                {state}
              </span>
            ),
          },
          {
            head: settings.actions,
            quiet: true,
            number: true,
            cell: (item) => (
              <Button
                small
                aria-label={visible(settings.snippet.how(item.source.containerName))}
                aria-expanded={open === keyOf(item)}
                onClick={() => setOpen(open === keyOf(item) ? null : keyOf(item))}
              >
                {settings.snippet.change}
              </Button>
            ),
          },
        ]}
        below={(item) => {
          const own = [
            ...(warnings.get(warningKey(item.source)) ?? []),
            ...(item.reason === null ? [] : [item.reason]),
          ];
          if (open !== keyOf(item) && own.length === 0) return null;
          return (
            <>
              {own.length > 0 && (
                <p className={styles.warn}>
                  {words.warnings}: {visible(own.join('; '))}
                </p>
              )}
              {open === keyOf(item) && <Change item={item} />}
            </>
          );
        }}
      />
      {shown.length > MOST_ROWS && <p className="faint">{words.more(MOST_ROWS, shown.length)}</p>}
    </>
  );
}

function Names({ item: { source } }: { item: LedgerItem }) {
  const file = source.path.split('/').at(-1) ?? '';
  return (
    <span title={visible(`${source.containerName} ${source.container} ${source.path}`)}>
      {visible(`${source.app} / ${source.env}`)}{' '}
      <span className={styles.sub}>
        {visible(`${source.containerName} ${file.replace(/[0-9a-f]{64}/, (id) => `${id.slice(0, 12)}…`)}`)}
      </span>
    </span>
  );
}

function Rule({ named }: { named: LedgerItem['source']['named'] }) {
  const words = useWords().settings.sources;
  return (
    <>
      {visible(named.app)} <span className={styles.sub}>{visible(words.namedEnv(named.env))}</span>
    </>
  );
}

function Change({ item }: { item: LedgerItem }) {
  const settings = useWords().settings;
  const { place, text } = namingOf(item.source);
  const { places, notes } = settings.sources;
  return (
    <>
      <Snippet label={settings.snippet.in(places[place])} text={text} />
      <p className="faint">{notes[place]}</p>
    </>
  );
}

const keyOf = ({ source }: LedgerItem): string => `${source.host} ${source.fid}`;

/** Containers by id; plain-file instances, which have none, by app, env and instance. */
const warningKey = (one: Pick<LedgerItem['source'], 'host' | 'container' | 'app' | 'env' | 'instance'>): string =>
  JSON.stringify([one.host, one.container || [one.app, one.env, one.instance]]);

function warningsOf(containers: ApiContainer[]): Map<string, string[]> {
  return new Map(containers.filter((one) => one.warnings.length > 0).map((one) => [warningKey(one), one.warnings]));
}

function textOf({ source, state }: LedgerItem): string {
  const { app, env, host, instance, containerName, container, path, reader, named } = source;
  return [app, env, host, instance, containerName, container, path, reader, named.app, named.env, state]
    .join(' ')
    .toLowerCase();
}
