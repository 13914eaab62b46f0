import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { Link } from 'wouter';
import type { ApiContainer } from '../../api/contract.ts';
import { useClient } from '../client/client.tsx';
import { duration } from '../format/number.ts';
import { fullText, microseconds, shortText, type Zone } from '../format/time.ts';
import { quotedClause } from '../logs/query-parser.ts';
import { Button, Field, Tag } from '../shell/controls.tsx';
import { Frame } from '../shell/frame.tsx';
import { usePreferences } from '../shell/preferences.tsx';
import { Failed, Skeleton } from '../shell/state.tsx';
import { visible } from '../text/visible.ts';
import { useWords } from '../words/words.tsx';
import styles from './page.module.css';

/** What runs where, also what ran: removed containers stay as long as their lines. */
export function ContainersPage() {
  const words = useWords().containers;
  const client = useClient();
  const { zone } = usePreferences();
  const [filter, setFilter] = useState('');
  const [removed, setRemoved] = useState(true);
  const list = useQuery({
    queryKey: ['containers'],
    queryFn: ({ signal }) => client.containers(signal),
    staleTime: 0,
    refetchInterval: 5000,
  });
  const shown = useMemo(() => {
    const parts = filter.toLowerCase().split(/\s+/).filter(Boolean);
    return (list.data ?? [])
      .filter((one) => (removed || one.state !== 'removed') && parts.every((part) => textOf(one).includes(part)))
      .sort((a, b) => order(a).localeCompare(order(b)));
  }, [list.data, filter, removed]);
  const running = shown.filter((one) => one.state === 'running').length;
  const now = client.nowUs();
  return (
    <Frame title={words.title}>
      <div className={styles.page}>
        <header className={styles.head}>
          <h1>{words.title}</h1>
          <Field
            type="search"
            value={filter}
            placeholder={words.search}
            aria-label={words.search}
            onChange={(event) => setFilter(event.target.value)}
          />
          <Button small aria-pressed={removed} onClick={() => setRemoved(!removed)}>
            {words.removed}
          </Button>
          {list.data !== undefined && <span className="dim num">{words.summary(shown.length, running)}</span>}
        </header>
        {list.error !== null && list.data === undefined ? (
          <Failed error={list.error} onAgain={() => list.refetch()} />
        ) : list.data === undefined ? (
          <Skeleton />
        ) : shown.length === 0 ? (
          <p className={styles.none}>{words.none}</p>
        ) : (
          <div className={styles.scroll}>
            <table className={styles.table}>
              <thead>
                <tr>
                  {[
                    words.app,
                    words.env,
                    words.instance,
                    words.host,
                    words.container,
                    words.state,
                    words.version,
                    words.since,
                  ].map((head) => (
                    <th key={head} scope="col">
                      {head}
                    </th>
                  ))}
                  {[words.restarts, words.lastLine, words.lag].map((head) => (
                    <th key={head} scope="col" className={styles.number}>
                      {head}
                    </th>
                  ))}
                  <th scope="col">{words.warnings}</th>
                </tr>
              </thead>
              <tbody>
                {shown.map((one) => (
                  <ContainerRow key={`${one.host} ${one.container}`} one={one} zone={zone} now={now} />
                ))}
              </tbody>
            </table>
          </div>
        )}
      </div>
    </Frame>
  );
}

function ContainerRow({ one, zone, now }: { one: ApiContainer; zone: Zone; now: number }) {
  const all = useWords();
  const words = all.containers;
  const gone = one.state === 'removed';
  const query = `${quotedClause('app', one.app)} ${quotedClause('instance', one.instance)}`;
  const href = `/logs?query=${encodeURIComponent(query)}`;
  return (
    <tr className={gone ? styles.removed : undefined}>
      <th scope="row" title={visible(words.named(one.named.app))}>
        <Link href={href} title={visible(words.openLogs(one.instance))}>
          {visible(one.app)}
        </Link>
      </th>
      <td title={visible(words.named(one.named.env))}>{visible(one.env)}</td>
      <td>{visible(one.instance)}</td>
      <td>{visible(one.host)}</td>
      <td className="mono" title={visible(`${one.containerName} ${one.container}`)}>
        {visible(one.containerName)}
      </td>
      <td>
        <State one={one} />
      </td>
      <td title={visible(one.image)}>{visible(one.version) || all.unknown}</td>
      <td>
        <Moment
          iso={gone || one.state === 'exited' ? (one.finishedAt ?? one.startedAt) : (one.startedAt ?? one.createdAt)}
          zone={zone}
          now={now}
        />
      </td>
      <td className={styles.number}>
        {one.restarts > 0 ? <span className={styles.warn}>{one.restarts}</span> : one.restarts}
      </td>
      <td className={styles.number}>
        <Moment iso={one.lastLineAt} zone={zone} now={now} />
      </td>
      <td className={styles.number}>
        {one.lagMs === null ? (
          all.unknown
        ) : (
          <span className={one.lagMs > 30_000 ? styles.warn : undefined}>{all.duration(duration(one.lagMs))}</span>
        )}
      </td>
      <td className={one.warnings.length > 0 ? `${styles.wide} ${styles.warn}` : undefined}>
        {visible(one.warnings.join('; '))}
      </td>
    </tr>
  );
}

function State({ one }: { one: ApiContainer }) {
  const words = useWords().containers;
  const bad =
    one.oomKilled ||
    one.state === 'restarting' ||
    (one.exitCode !== null && one.exitCode !== 0 && one.state !== 'running');
  return (
    <>
      {bad || one.health === 'unhealthy' ? (
        <Tag look={one.oomKilled || one.health === 'unhealthy' ? 'bad' : 'warn'}>
          {one.health === 'unhealthy' ? one.health : one.state}
        </Tag>
      ) : (
        one.state
      )}{' '}
      {one.state !== 'running' && one.exitCode !== null && (
        <span className={styles.sub}>{words.exited(one.exitCode)}</span>
      )}{' '}
      {one.oomKilled && <span className={styles.bad}>{words.oom}</span>}
    </>
  );
}

export function Moment({ iso, zone, now }: { iso: string | null; zone: Zone; now: number }) {
  const words = useWords();
  if (iso === null) return words.unknown;
  const us = microseconds(iso);
  return (
    <time dateTime={iso} title={fullText(us, zone)}>
      {shortText(us, zone, now)}
    </time>
  );
}

function textOf(one: ApiContainer): string {
  return [one.app, one.env, one.host, one.instance, one.containerName, one.container, one.image, one.version, one.state]
    .join(' ')
    .toLowerCase();
}

/** Running first, then by app, env and instance. */
function order(one: ApiContainer): string {
  return `${one.state === 'removed' ? 1 : 0} ${one.app} ${one.env} ${one.instance.replace(/\d+/g, (digits) => digits.padStart(6, '0'))}`;
}
