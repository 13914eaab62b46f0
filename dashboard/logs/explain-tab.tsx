import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { ApiChange } from '../../api/contract.ts';
import { useClient } from '../client/client.tsx';
import { count } from '../format/number.ts';
import type { Range } from '../format/range.ts';
import { isoTime, shortText } from '../format/time.ts';
import { Button } from '../shell/controls.tsx';
import { Failed, Skeleton } from '../shell/state.tsx';
import { visible } from '../text/visible.ts';
import { useWords } from '../words/words.tsx';
import { span } from './data.ts';
import styles from './explain-tab.module.css';
import type { LogsPage } from './page-state.ts';
import { patternClause } from './pattern-clause.ts';
import { addClause } from './query-edit.ts';
import { TemplateText } from './template-text.tsx';

/** Two periods side by side: which values and patterns make the difference, the most telling first. */
export default function ExplainTab(props: {
  page: LogsPage;
  spike: Range | null;
  baseline: Range | null;
  /** Which of the two the next drag over the histogram selects. */
  picking: 'spike' | 'baseline';
  onPicking(what: 'spike' | 'baseline'): void;
}) {
  const { page, spike, baseline, picking } = props;
  const { url, run, zone, nowUs } = page;
  const all = useWords();
  const words = all.search.explain;
  const client = useClient();
  const asked = useQuery({
    queryKey: ['explain', run.query, run.at, spike?.from, spike?.to, baseline?.from, baseline?.to],
    enabled: spike !== null,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      client.explain(
        {
          query: run.query,
          ...span(spike!),
          ...(baseline !== null && { baselineFrom: isoTime(baseline.from), baselineTo: isoTime(baseline.to) }),
        },
        signal,
      ),
  });
  const text = (range: Range) => `${shortText(range.from, zone, nowUs)} – ${shortText(range.to, zone, nowUs)}`;
  const search = (one: ApiChange, sign: '' | '-') => {
    const clause = one.kind === 'pattern' ? patternClause(one.value.split(' ')) : clauseOf(one, page);
    page.runQuery(addClause(url.query, sign === '-' && clause.startsWith('-') ? clause.slice(1) : sign + clause));
  };
  const pick = (what: 'spike' | 'baseline', value: string) => (
    <div className={styles.period}>
      <small>{words[what]}</small>
      <b className="num">{value}</b>
      <Button small aria-pressed={picking === what} onClick={() => props.onPicking(what)}>
        {words.pick(words[what])}
      </Button>
    </div>
  );
  return (
    <section className={styles.explain} aria-label={words.label} aria-busy={asked.isPlaceholderData}>
      <header className={styles.head}>
        <p>{words.lead}</p>
        <div className={styles.periods}>
          {pick('spike', spike === null ? '–' : text(spike))}
          {pick('baseline', baseline === null ? words.automatic : text(baseline))}
        </div>
        {(spike === null || picking === 'baseline') && (
          <p role="status" className={styles.now}>
            {picking === 'baseline' ? words.picking(words.baseline) : words.notPicked}
          </p>
        )}
      </header>
      {spike === null ? null : asked.error !== null ? (
        <Failed error={asked.error} onAgain={() => asked.refetch()} />
      ) : asked.data === undefined ? (
        <Skeleton rows={8} />
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled table must be reachable by keys
        <div className={styles.scroll} tabIndex={0}>
          <p className={`${styles.sum} num`}>
            {words.lines(all.logs.lines(asked.data.lines), all.logs.lines(asked.data.baselineLines))}
          </p>
          {asked.data.items.length === 0 ? (
            <p className={styles.sum}>{words.none}</p>
          ) : (
            <Changes items={asked.data.items} onSearch={search} />
          )}
        </div>
      )}
    </section>
  );
}

function clauseOf(one: ApiChange, page: LogsPage): string {
  return one.field === 'level' && one.value === 'none' ? '-level:*' : page.write(one.field, one.value);
}

function Changes(props: { items: ApiChange[]; onSearch(one: ApiChange, sign: '' | '-'): void }) {
  const words = useWords().search.explain;
  const most = props.items.reduce((max, one) => Math.max(max, one.share, one.baselineShare), 0.0001);
  const name = (one: ApiChange) => (one.kind === 'pattern' ? words.pattern : `${one.field}:${one.value}`);
  return (
    <table className={styles.table}>
      <thead>
        <tr>
          <th>{words.what}</th>
          <th>{words.inSpike}</th>
          <th>{words.inBaseline}</th>
          <th>{words.factor}</th>
          <th>
            <span className="sr">{words.only('')}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {props.items.map((one) => (
          <tr key={`${one.kind} ${one.field} ${one.value}`}>
            <td className={styles.what}>
              {one.kind === 'pattern' ? (
                <>
                  <small>{words.pattern}</small> <TemplateText template={one.template ?? ''} />
                </>
              ) : (
                <span className="mono">
                  <i>{visible(one.field)}:</i>
                  {visible(one.value)}
                </span>
              )}
            </td>
            <Share share={one.share} lines={one.count} most={most} hot />
            <Share share={one.baselineShare} lines={one.baseline} most={most} />
            <td className={`${styles.factor} num`}>
              {one.baseline === 0 ? words.onlyHere : one.count === 0 ? words.onlyThere : words.times(ratio(one))}
            </td>
            <td className={styles.acts}>
              <Button
                small
                look="ghost"
                icon="plus"
                label={words.only(visible(name(one)))}
                onClick={() => props.onSearch(one, '')}
              />
              <Button
                small
                look="ghost"
                icon="minus"
                label={words.exclude(visible(name(one)))}
                onClick={() => props.onSearch(one, '-')}
              />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** How many times its share of the lines: what the bars beside it show. */
function ratio(one: ApiChange): string {
  const times = one.share / one.baselineShare;
  return times < 10 ? times.toFixed(times < 0.1 ? 2 : 1) : count(Math.round(times));
}

function Share({ share, lines, most, hot }: { share: number; lines: number; most: number; hot?: boolean }) {
  return (
    <td className={`${styles.share} num`}>
      {(share * 100).toFixed(1)} % <small>{count(lines)}</small>
      <i aria-hidden="true">
        <em className={hot ? styles.hot : undefined} style={{ width: `${(share / most) * 100}%` }} />
      </i>
    </td>
  );
}
