import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import type { ApiRecord } from '../../api/contract.ts';
import { useClient } from '../client/client.tsx';
import { count } from '../format/number.ts';
import type { Range } from '../format/range.ts';
import { Button, Segments } from '../shell/controls.tsx';
import { prettyJson } from '../text/json.ts';
import { LogText } from '../text/log-text.tsx';
import { visible } from '../text/visible.ts';
import { useWords } from '../words/words.tsx';
import { span } from './data.ts';
import { FieldTable } from './field-table.tsx';
import { type KnownId, knownIds } from './known-ids.ts';
import { LineStats } from './line-stats.tsx';
import styles from './row-detail.module.css';
import type { RowActions, RowView } from './row-view.ts';

/** Raw text beyond this is for the export, not for a page. */
const RAW_CHARACTERS = 200_000;
/** Half widths of "around this line", µs, with their words. */
const AROUND: [string, number][] = [
  ['1 min', 60e6],
  ['5 min', 300e6],
  ['30 min', 1800e6],
];
type Tab = 'fields' | 'raw' | 'stats';

/** What the details need to know of the search they stand in; null in a live view. */
export interface DetailScope {
  query: string;
  range: Range;
}

/** What is known of one line: fields and source beside the JSON, the raw text, or how its values stand in the result. */
export function RowDetail(props: { record: ApiRecord; view: RowView; actions: RowActions; scope: DetailScope | null }) {
  const { record, view, actions, scope } = props;
  const words = useWords();
  const text = words.logs;
  const more = words.search.detail;
  const [tab, setTab] = useState<Tab>('fields');
  const [unfold, setUnfold] = useState(false);
  const pretty = useMemo(() => prettyJson(record.message), [record.message]);
  const ids = useMemo(() => knownIds(record), [record]);
  const escaped = /\\[nt]/.test(record.message);
  const shape = (raw: string) => (unfold ? unfoldEscapes(raw) : raw);
  const fields = Object.entries(record.fields);
  return (
    <section className={`${styles.detail} ${styles[record.level ?? 'none'] ?? ''}`} aria-label={text.rows.details}>
      <div className={styles.head}>
        <Segments<Tab>
          label={text.rows.details}
          value={tab}
          onChange={setTab}
          options={[
            { value: 'fields', text: text.detail.fields, extra: fields.length > 0 ? String(fields.length) : undefined },
            { value: 'raw', text: text.detail.raw },
            ...(scope !== null && fields.length > 0 ? [{ value: 'stats' as const, text: more.stats }] : []),
          ]}
        />
        {escaped && tab !== 'stats' && (
          <Button small look="ghost" aria-pressed={unfold} onClick={() => setUnfold(!unfold)}>
            {more.unfold}
          </Button>
        )}
        <span className="grow" />
        {ids.map((id) => (
          <AllOfId key={id.kind} id={id} scope={scope} actions={actions} />
        ))}
        <Button small look="ghost" icon="context" hotkey="c" onClick={() => actions.context(record.id)}>
          {text.rows.context}
        </Button>
        <Button small look="ghost" icon="link" hotkey="y" onClick={() => actions.copyLink(record)}>
          {text.rows.copyLink}
        </Button>
        <Button small look="ghost" icon="copy" hotkey="Y" onClick={() => actions.copyLine(record)}>
          {text.rows.copyLine}
        </Button>
        <Button small look="ghost" icon="copy" onClick={() => actions.copyJson(record)}>
          {text.rows.copyJson}
        </Button>
      </div>
      {tab === 'raw' ? (
        <div className={`${styles.grid} ${styles.single}`}>
          <pre className={styles.raw}>
            <LogText text={shape(record.message.slice(0, RAW_CHARACTERS))} finder={view.finder} />
          </pre>
        </div>
      ) : tab === 'stats' && scope !== null ? (
        <LineStats record={record} scope={scope} actions={actions} />
      ) : (
        <div className={pretty === null ? `${styles.grid} ${styles.single}` : styles.grid}>
          <FieldTable record={record} view={view} actions={actions} fields={fields} />
          {pretty !== null && (
            <pre className={styles.json}>
              <LogText text={shape(pretty)} finder={view.finder} json />
            </pre>
          )}
        </div>
      )}
      <div className={styles.foot}>
        <span>{more.around}</span>
        {AROUND.map(([label, us]) => (
          <Button key={us} small look="ghost" onClick={() => actions.around(record, us)}>
            ± {words.duration(label)}
          </Button>
        ))}
        <Button small look="ghost" hotkey="x" onClick={() => actions.pin(record)}>
          {more.pin}
        </Button>
      </div>
    </section>
  );
}

/** "All lines of this trace 37": the id as a phrase, in every app. */
function AllOfId({ id, scope, actions }: { id: KnownId; scope: DetailScope | null; actions: RowActions }) {
  const words = useWords().search.detail;
  const client = useClient();
  const clause = `"${id.value.replace(/["\\]/g, '\\$&')}"`;
  const counted = useQuery({
    queryKey: ['lines of', clause, scope?.range.from, scope?.range.to],
    enabled: scope !== null,
    queryFn: async ({ signal }) => {
      const answer = await client.facets({ query: clause, ...span(scope!.range), fields: 'env', size: 1000 }, signal);
      return (answer.facets.env ?? []).reduce((sum, one) => sum + one.count, 0);
    },
  });
  return (
    <Button
      small
      look="ghost"
      icon="search"
      title={visible(`${id.name} ${id.value}`)}
      onClick={() => actions.search(clause, 'new')}
    >
      {words.allOf[id.kind]}
      {counted.data !== undefined && <small className="num">{count(counted.data)}</small>}
    </Button>
  );
}

/** `\n` and `\t` as the line breaks and tabs they stand for; for reading only, copies stay as written. */
export function unfoldEscapes(text: string): string {
  return text.replace(/\\(\\|r\\n|n|t)/g, (whole, code: string) =>
    code === '\\' ? whole : code === 't' ? '\t' : '\n',
  );
}
