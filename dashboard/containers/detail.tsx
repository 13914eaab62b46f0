import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { ApiContainer, ApiEvent } from '../../api/contract.ts';
import { useClient } from '../client/client.tsx';
import { exactTerm } from '../fleet/filter.ts';
import list from '../fleet/list.module.css';
import { bytes, duration } from '../format/number.ts';
import { isoTime, microseconds, type Zone } from '../format/time.ts';
import type { WriteClause } from '../logs/query-edit.ts';
import { Button } from '../shell/controls.tsx';
import { Icon } from '../shell/icon.tsx';
import { Moment } from '../shell/moment.tsx';
import { Failed } from '../shell/state.tsx';
import { useCopy } from '../shell/toast.tsx';
import { visible } from '../text/visible.ts';
import { useFleetWords } from '../words/fleet-words.ts';
import { useWords } from '../words/words.tsx';
import { wasAsked } from './end.ts';
import { endSentences } from './end-words.ts';
import { logsLink } from './logs-link.ts';
import { type ContainerRow, type Trouble, unaccountedOf } from './rows.ts';

/** Newest events shown; a container that restarts all day has thousands. */
const EVENTS = 20;
const ENDS = new Set<Trouble>(['oom', 'failed', 'restarting']);

/** All about one container: how it ended, what troubles it, what happened to it, its bytes, and the ways on. */
export function ContainerDetail(props: { row: ContainerRow; zone: Zone; now: number; write: WriteClause }) {
  const { row, zone, now, write } = props;
  const { one, end } = row;
  const words = useFleetWords().containers;
  const copy = useCopy();
  const events = useEvents(one, now);
  // How it ended is said above.
  const troubles = row.troubles.filter((trouble) => !ENDS.has(trouble));
  const dead = one.state === 'exited' || one.state === 'removed';
  return (
    <>
      <div>
        {end !== null && (
          <Block title={words.end.title}>
            <EndText row={row} events={events.data ?? []} zone={zone} now={now} />
          </Block>
        )}
        {troubles.length > 0 && (
          <Block title={words.attention}>
            <Troubles row={row} troubles={troubles} />
          </Block>
        )}
        {one.container !== '' && (
          <Block title={words.events}>
            {events.error !== null && events.data === undefined ? (
              <Failed error={events.error} onAgain={() => events.refetch()} />
            ) : (
              <Events events={events.data} zone={zone} now={now} />
            )}
          </Block>
        )}
        {one.warnings.length > 0 && (
          <Block title={words.warnings}>
            {one.warnings.map((warning) => (
              <p key={warning}>{visible(warning)}</p>
            ))}
          </Block>
        )}
        <div className={list.acts}>
          <Link className={list.act} href={logsLink(one, write, now)}>
            <Icon name="logs" size={14} />
            {dead ? words.logsEnd : words.logs}
          </Link>
          <Link className={list.act} href={`/ledger?q=${encodeURIComponent(ledgerFilter(one))}`}>
            <Icon name="ledger" size={14} />
            {words.openLedger}
          </Link>
          {one.container !== '' && (
            <Button small icon="copy" onClick={() => copy(one.container)}>
              {words.copyId}
            </Button>
          )}
        </div>
      </div>
      <div>
        <Block title={words.fact.title}>
          <Facts one={one} zone={zone} now={now} />
        </Block>
        <Block title={words.account}>
          <Account row={row} />
        </Block>
      </div>
    </>
  );
}

function Block({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className={list.block}>
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** The events of its whole life, newest first; asked for once, and again when it started, ended or changed. */
function useEvents(one: ApiContainer, now: number) {
  const client = useClient();
  const from = one.createdAt ?? one.startedAt ?? one.lastLineAt;
  return useQuery({
    queryKey: ['events of', one.container, one.state, one.startedAt, one.finishedAt, one.health],
    enabled: one.container !== '',
    queryFn: async ({ signal }) => {
      const range = {
        // It is made a moment before it is said to have been.
        from: isoTime((from === null ? now : microseconds(from)) - 60e6),
        to: isoTime(now + 60e6),
      };
      return (await client.events({ container: [one.container], ...range, limit: EVENTS }, signal)).items;
    },
  });
}

function EndText({ row, events, zone, now }: { row: ContainerRow; events: ApiEvent[]; zone: Zone; now: number }) {
  const words = useFleetWords();
  const { one, end } = row;
  if (end === null) return null;
  return (
    <>
      {endSentences(end, wasAsked(end, events), one.state === 'restarting', words).map((sentence) => (
        <p key={sentence}>{visible(sentence)}</p>
      ))}
      {end.at !== null && (
        <p className="dim">
          {words.containers.fact.ended} <Moment iso={end.at} zone={zone} now={now} />
        </p>
      )}
    </>
  );
}

function Troubles({ row, troubles }: { row: ContainerRow; troubles: Trouble[] }) {
  const all = useWords();
  const words = useFleetWords().containers.trouble;
  return troubles.map((trouble) => (
    <p key={trouble}>
      {trouble === 'behind' ? words.behind(all.duration(duration(row.one.lagMs ?? 0))) : words[trouble]}
    </p>
  ));
}

function Events({ events, zone, now }: { events: ApiEvent[] | undefined; zone: Zone; now: number }) {
  const words = useFleetWords().containers;
  if (events === undefined) return null;
  if (events.length === 0) return <p className="dim">{words.noEvents}</p>;
  return (
    <ul className={list.list}>
      {events.map((event) => (
        <li key={event.id}>
          <Moment iso={event.time} zone={zone} now={now} />
          <span>
            {visible(
              Object.hasOwn(words.event, event.type) ? words.event[event.type as keyof typeof words.event] : event.type,
            )}
            <span className="dim"> {visible(eventFact(event, words.short.exit))}</span>
          </span>
        </li>
      ))}
    </ul>
  );
}

function eventFact(event: ApiEvent, exit: (code: number) => string): string {
  if (event.exitCode !== undefined) return exit(event.exitCode);
  if (event.health !== undefined) return event.health;
  const version = event.version ?? '';
  return event.previousVersion === undefined ? version : `${event.previousVersion} → ${version}`;
}

function Facts({ one, zone, now }: { one: ApiContainer; zone: Zone; now: number }) {
  const words = useFleetWords().containers.fact;
  const health = useFleetWords().containers.health;
  const times: [string, string | null][] = [
    [words.created, one.createdAt],
    [words.started, one.startedAt],
    [words.ended, one.finishedAt],
  ];
  return (
    <dl className={list.facts}>
      <dt>{words.app}</dt>
      <dd>{visible(words.named(one.app, one.named.app))}</dd>
      <dt>{words.env}</dt>
      <dd>{visible(words.named(one.env, one.named.env))}</dd>
      <dt>{words.name}</dt>
      <dd className="mono">{visible(one.containerName)}</dd>
      {one.container !== '' && (
        <>
          <dt>{words.id}</dt>
          <dd className="mono">{one.container.slice(0, 12)}</dd>
        </>
      )}
      {one.image !== '' && (
        <>
          <dt>{words.image}</dt>
          <dd className="mono">{visible(one.image)}</dd>
        </>
      )}
      {times.map(
        ([name, iso]) =>
          iso !== null && (
            <div key={name} style={{ display: 'contents' }}>
              <dt>{name}</dt>
              <dd>
                <Moment iso={iso} zone={zone} now={now} />
              </dd>
            </div>
          ),
      )}
      {one.health !== null && (
        <>
          <dt>{words.health}</dt>
          <dd>{visible(Object.hasOwn(health, one.health) ? health[one.health as keyof typeof health] : one.health)}</dd>
        </>
      )}
      <dt>{words.reader}</dt>
      <dd>{visible(one.reader)}</dd>
    </dl>
  );
}

function Account({ row }: { row: ContainerRow }) {
  const { one } = row;
  const fleet = useFleetWords();
  const words = fleet.containers;
  const off = unaccountedOf(one);
  const reasons = Object.entries(one.dropped).filter(([, value]) => value > 0);
  return (
    <>
      <p>{words.accountOf(bytes(one.read), one.files)}</p>
      <p className="dim">
        {words.searchable(bytes(one.searchable))}, {words.droppedOf(bytes(row.dropped))},{' '}
        {words.inFlight(bytes(one.inFlight))}
      </p>
      {reasons.length > 0 && (
        <p className="dim">
          {reasons
            .map(([reason, value]) => {
              const known = fleet.fleet.dropped;
              const name = Object.hasOwn(known, reason) ? known[reason as keyof typeof known] : reason;
              return `${visible(name)} ${bytes(value)}`;
            })
            .join(', ')}
        </p>
      )}
      {off !== 0 && <p className={list.error}>{words.unaccounted(bytes(Math.abs(off)))}</p>}
    </>
  );
}

/** Its files on the Ledger page. */
function ledgerFilter(one: ApiContainer): string {
  if (one.container !== '') return `container:${one.container.slice(0, 12)}`;
  return `${exactTerm('app', one.app)} ${exactTerm('instance', one.instance)} ${exactTerm('host', one.host)}`;
}
