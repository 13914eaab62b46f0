import { useMemo, useState } from 'react';
import type { ApiRecord } from '../../api/contract.ts';
import { fullText, microseconds } from '../format/time.ts';
import { Button, Segments } from '../shell/controls.tsx';
import { useCopy } from '../shell/toast.tsx';
import type { HitFinder } from '../text/hits.ts';
import { prettyJson } from '../text/json.ts';
import { LogText } from '../text/log-text.tsx';
import { visible } from '../text/visible.ts';
import { useWords } from '../words/words.tsx';
import styles from './row-detail.module.css';
import type { RowActions, RowView } from './row-view.ts';

const NO_HITS: HitFinder = () => [];
/** Raw text beyond this is for the export, not for a page. */
const RAW_CHARACTERS = 200_000;

/** What is known of one line: its fields and source beside the JSON, or the raw text. */
export function RowDetail({ record, view, actions }: { record: ApiRecord; view: RowView; actions: RowActions }) {
  const words = useWords().logs;
  const [tab, setTab] = useState<'fields' | 'raw'>('fields');
  const pretty = useMemo(() => prettyJson(record.message), [record.message]);
  const fields = Object.entries(record.fields);
  return (
    <section className={`${styles.detail} ${styles[record.level ?? 'none'] ?? ''}`} aria-label={words.rows.details}>
      <div className={styles.head}>
        <Segments<'fields' | 'raw'>
          label={words.rows.details}
          value={tab}
          onChange={setTab}
          options={[
            {
              value: 'fields',
              text: words.detail.fields,
              extra: fields.length > 0 ? String(fields.length) : undefined,
            },
            { value: 'raw', text: words.detail.raw },
          ]}
        />
        <span className="grow" />
        <Button small look="ghost" icon="context" hotkey="c" onClick={() => actions.context(record.id)}>
          {words.rows.context}
        </Button>
        <Button small look="ghost" icon="link" hotkey="y" onClick={() => actions.copyLink(record)}>
          {words.rows.copyLink}
        </Button>
        <Button small look="ghost" icon="copy" hotkey="Y" onClick={() => actions.copyLine(record)}>
          {words.rows.copyLine}
        </Button>
        <Button small look="ghost" icon="copy" onClick={() => actions.copyJson(record)}>
          {words.rows.copyJson}
        </Button>
      </div>
      {tab === 'raw' ? (
        <div className={`${styles.grid} ${styles.single}`}>
          <pre className={styles.raw}>
            <LogText text={record.message.slice(0, RAW_CHARACTERS)} finder={view.finder} />
          </pre>
        </div>
      ) : (
        <div className={pretty === null ? `${styles.grid} ${styles.single}` : styles.grid}>
          <FieldTable record={record} view={view} actions={actions} fields={fields} />
          {pretty !== null && (
            <pre className={styles.json}>
              <LogText text={pretty} finder={view.finder} json />
            </pre>
          )}
        </div>
      )}
    </section>
  );
}

function FieldTable(props: { record: ApiRecord; view: RowView; actions: RowActions; fields: [string, string][] }) {
  const { record, view, actions } = props;
  const words = useWords().logs.detail;
  const time = microseconds(record.time);
  const flags = (record.flags ?? []).map((flag) =>
    flag in words.flag ? words.flag[flag as keyof typeof words.flag] : flag,
  );
  const known: [string, string][] = [
    ['app', record.app],
    ['env', record.env],
    ['host', record.host],
    ['instance', record.instance],
    ['container', record.containerName || record.container],
    ['image', record.image],
    ['version', record.version],
    ['stream', record.stream],
    ['path', record.path],
  ];
  return (
    <table className={styles.table}>
      <tbody>
        {props.fields.map(([name, value]) => (
          <FieldRow key={`field ${name}`} name={name} value={value} actions={actions} finder={view.finder} coloured />
        ))}
        <FieldRow name={words.time} value={fullText(time, view.zone)} />
        {known
          .filter(([, value]) => value !== '')
          .map(([name, value]) => (
            <FieldRow key={name} name={name} value={value} actions={actions} />
          ))}
        {flags.length > 0 && <FieldRow name={words.flags} value={flags.join('; ')} />}
        {record.raw !== undefined && <FieldRow name={words.bytes} value={record.raw} />}
        <FieldRow name={words.position} value={record.id} />
      </tbody>
    </table>
  );
}

function FieldRow(props: {
  name: string;
  value: string;
  actions?: RowActions;
  finder?: HitFinder;
  coloured?: boolean;
}) {
  const { name, value, actions } = props;
  const words = useWords().logs.detail;
  const copy = useCopy();
  const shown = visible(name);
  return (
    <tr>
      <th scope="row" title={shown}>
        {shown}
      </th>
      <td className={props.coloured ? styles[toneOf(value)] : undefined}>
        <LogText text={value} finder={props.finder ?? NO_HITS} />
      </td>
      <td>
        <span className={styles.tools}>
          {actions !== undefined && value.length <= 512 && (
            <>
              <Button
                small
                look="ghost"
                icon="plus"
                label={words.include(shown)}
                onClick={() => actions.only(name, value)}
              />
              <Button
                small
                look="ghost"
                icon="minus"
                label={words.exclude(shown)}
                onClick={() => actions.exclude(name, value)}
              />
            </>
          )}
          <Button small look="ghost" icon="copy" label={words.copy(shown)} onClick={() => copy(value)} />
        </span>
      </td>
    </tr>
  );
}

function toneOf(value: string): 'number' | 'boolean' | 'string' {
  if (/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(value)) return 'number';
  return value === 'true' || value === 'false' || value === 'null' ? 'boolean' : 'string';
}
