import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useDeferredValue, useState } from 'react';
import type { ApiPattern } from '../../api/contract.ts';
import { useClient } from '../client/client.tsx';
import { count } from '../format/number.ts';
import type { Range } from '../format/range.ts';
import { microseconds, shortText } from '../format/time.ts';
import { Button, Field, Segments } from '../shell/controls.tsx';
import { Failed, Skeleton } from '../shell/state.tsx';
import { LogText } from '../text/log-text.tsx';
import { visible } from '../text/visible.ts';
import { useWords } from '../words/words.tsx';
import { span } from './data.ts';
import type { LogsPage } from './page-state.ts';
import { patternClause } from './pattern-clause.ts';
import styles from './patterns-tab.module.css';
import { addClause } from './query-edit.ts';
import { Sparkline } from './sparkline.tsx';
import { TemplateText } from './template-text.tsx';

type Shown = 'all' | 'new' | 'gone' | 'changed';
const LIMIT = 500;

/** Templates of the whole result with exact counts: what there is, how it changed, and one click to see or leave out its lines. */
export default function PatternsTab({ page, range }: { page: LogsPage; range: Range }) {
  const { url, run, zone, nowUs } = page;
  const all = useWords();
  const words = all.search.patterns;
  const client = useClient();
  const [compare, setCompare] = useState(true);
  const [shown, setShown] = useState<Shown>('all');
  const [find, setFind] = useState('');
  const [open, setOpen] = useState<string | null>(null);
  const needle = useDeferredValue(find).trim().toLowerCase();
  const asked = useQuery({
    queryKey: ['patterns', run.query, range.from, range.to, run.at, compare],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      client.patterns(
        { query: run.query, ...span(range), compare: compare ? 'previous' : 'none', limit: LIMIT },
        signal,
      ),
  });
  if (asked.error !== null) return <Failed error={asked.error} onAgain={() => asked.refetch()} />;
  if (asked.data === undefined) return <Skeleton />;
  const { patterns, total, lines, notes } = asked.data;
  const list = patterns.filter(
    (one) =>
      (shown === 'all' ? one.state !== 'gone' || compare : one.state === shown) &&
      (needle === '' || one.template.toLowerCase().includes(needle)),
  );
  const number = (state: Shown) => String(patterns.filter((one) => one.state === state).length);
  const cut = notes.some((note) => note.code === 'limit_reached');
  const most = patterns[0]?.count ?? 1;
  const clause = (one: ApiPattern, sign: '' | '-') => {
    page.change({ tab: 'lines' }, 'push');
    page.runQuery(addClause(url.query, sign + patternClause(one.patterns)));
  };
  return (
    <section className={styles.patterns} aria-label={words.label} aria-busy={asked.isPlaceholderData}>
      <header className={styles.head}>
        <span className="num">{words.lead(count(total), all.logs.lines(lines))}</span>
        <span className="grow" />
        {compare && (
          <Segments<Shown>
            label={words.label}
            value={shown}
            onChange={setShown}
            options={[
              { value: 'all', text: words.all },
              { value: 'new', text: words.onlyNew, extra: number('new') },
              { value: 'gone', text: words.onlyGone, extra: number('gone') },
              { value: 'changed', text: words.onlyChanged, extra: number('changed') },
            ]}
          />
        )}
        <Button
          small
          look="ghost"
          aria-pressed={compare}
          onClick={() => {
            setCompare(!compare);
            setShown('all');
          }}
        >
          {words.compare}
        </Button>
        <Field
          className={styles.find}
          value={find}
          aria-label={words.find}
          placeholder={words.find}
          onChange={(event) => setFind(event.target.value)}
        />
      </header>
      {list.length === 0 ? (
        <p className={styles.none}>{patterns.length === 0 ? words.none : all.search.facets.none}</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled table must be reachable by keys
        <div className={styles.scroll} tabIndex={0}>
          <table className={styles.table}>
            <thead>
              <tr>
                <th>{words.lines}</th>
                <th>{words.share}</th>
                <th className={styles.wide}>{words.trend}</th>
                <th>{words.pattern}</th>
                <th className={styles.wide}>{words.apps}</th>
                <th className={styles.wide}>{words.first}</th>
                <th className={styles.wide}>{words.last}</th>
                <th>
                  <span className="sr">{words.only}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {list.map((one) => (
                <PatternRow
                  key={one.id}
                  one={one}
                  most={most}
                  open={open === one.id}
                  onOpen={() => setOpen(open === one.id ? null : one.id)}
                  onOnly={() => clause(one, '')}
                  onExclude={() => clause(one, '-')}
                  time={(iso) => shortText(microseconds(iso), zone, nowUs)}
                />
              ))}
            </tbody>
          </table>
          {cut && <p className={styles.none}>{words.cut(count(patterns.length), count(total))}</p>}
        </div>
      )}
    </section>
  );
}

function PatternRow(props: {
  one: ApiPattern;
  most: number;
  open: boolean;
  onOpen(): void;
  onOnly(): void;
  onExclude(): void;
  time(iso: string): string;
}) {
  const { one } = props;
  const words = useWords().search.patterns;
  const level = one.sample?.level ?? 'none';
  return (
    <>
      <tr className={`${styles.row} ${styles[level] ?? ''} ${one.state === 'gone' ? styles.gone : ''}`}>
        <td className="num">{count(one.count)}</td>
        <td className={`${styles.share} num`}>
          {(one.share * 100).toFixed(one.share < 0.1 ? 2 : 1)} %
          <i aria-hidden="true">
            <em style={{ width: `${(one.count / props.most) * 100}%` }} />
          </i>
        </td>
        <td className={styles.wide}>
          <Sparkline values={one.trend} label={words.trend} />
        </td>
        <td className={styles.template}>
          <button type="button" aria-expanded={props.open} onClick={props.onOpen}>
            {one.state !== null && one.state !== 'same' && (
              <b className={styles[one.state]}>{words.state[one.state]}</b>
            )}
            <TemplateText template={one.template} />
            {one.patterns.length > 1 && <small>{words.merged(one.patterns.length)}</small>}
            {one.before !== null && one.before > 0 && one.state !== 'same' && (
              <small className="num">{words.before(count(one.before))}</small>
            )}
          </button>
        </td>
        <td className={styles.wide}>
          {one.apps
            .slice(0, 2)
            .map((app) => `${visible(app.value)} ${Math.round((app.count / Math.max(1, one.count)) * 100)} %`)
            .join(', ')}
          {one.apps.length > 2 && ` +${one.apps.length - 2}`}
        </td>
        <td className={`${styles.wide} num`}>{one.first === null ? '–' : props.time(one.first)}</td>
        <td className={`${styles.wide} num`}>{one.last === null ? '–' : props.time(one.last)}</td>
        <td className={styles.acts}>
          <Button small look="ghost" icon="plus" label={words.only} onClick={props.onOnly} />
          <Button small look="ghost" icon="minus" label={words.exclude} onClick={props.onExclude} />
        </td>
      </tr>
      {props.open && one.sample !== null && (
        <tr className={styles.sample}>
          <td colSpan={8}>
            <h2>{words.sample}</h2>
            <pre>
              <LogText text={one.sample.message.slice(0, 20_000)} finder={noHits} />
            </pre>
          </td>
        </tr>
      )}
    </>
  );
}

const noHits = () => [];
