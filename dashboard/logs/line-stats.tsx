import { useQuery } from '@tanstack/react-query';
import type { ApiRecord } from '../../api/contract.ts';
import { useClient } from '../client/client.tsx';
import { count } from '../format/number.ts';
import { Failed, Skeleton } from '../shell/state.tsx';
import { visible } from '../text/visible.ts';
import { useWords } from '../words/words.tsx';
import { span } from './data.ts';
import styles from './line-stats.module.css';
import type { DetailScope } from './row-detail.tsx';
import type { RowActions } from './row-view.ts';

/** Counting a field of lines reads the lines: only the first ones are looked at. */
const FIELDS = 12;
const VALUES = 5;

/** How the values of a line's fields stand in the whole result: is this one rare? */
export function LineStats(props: { record: ApiRecord; scope: DetailScope; actions: RowActions }) {
  const { record, scope, actions } = props;
  const words = useWords();
  const client = useClient();
  const fields = Object.keys(record.fields).slice(0, FIELDS);
  const asked = useQuery({
    queryKey: ['stats', scope.query, scope.range.from, scope.range.to, fields],
    queryFn: ({ signal }) =>
      client.facets({ query: scope.query, ...span(scope.range), fields: fields.join(','), size: 200 }, signal),
  });
  if (asked.error !== null) return <Failed error={asked.error} onAgain={() => asked.refetch()} />;
  if (asked.data === undefined) return <Skeleton rows={4} />;
  return (
    <div className={styles.stats}>
      {fields.map((field) => {
        const values = asked.data.facets[field] ?? [];
        const total = values.reduce((sum, one) => sum + one.count, 0);
        const own = record.fields[field];
        const shown = values.slice(0, VALUES);
        const mine = values.find((one) => one.value === own);
        if (mine !== undefined && !shown.includes(mine)) shown.push(mine);
        return (
          <fieldset key={field} aria-label={visible(field)}>
            <p>
              {visible(field)} <small className="num">{words.search.detail.values(values.length)}</small>
            </p>
            {shown.map((one) => (
              <button
                type="button"
                key={one.value}
                aria-current={one.value === own ? 'true' : undefined}
                title={visible(one.value)}
                onClick={() => actions.only(field, one.value)}
              >
                <span style={{ width: `${(one.count / Math.max(1, values[0].count)) * 100}%` }} />
                <b>{visible(one.value)}</b>
                <small className="num">
                  {count(one.count)} · {((one.count / Math.max(1, total)) * 100).toFixed(1)} %
                </small>
              </button>
            ))}
          </fieldset>
        );
      })}
    </div>
  );
}
