import type { ApiRecord } from '../../api/contract.ts';
import { fullText, microseconds } from '../format/time.ts';
import { Button } from '../shell/controls.tsx';
import { useCopy } from '../shell/toast.tsx';
import type { HitFinder } from '../text/hits.ts';
import { LogText } from '../text/log-text.tsx';
import { visible } from '../text/visible.ts';
import { useWords } from '../words/words.tsx';
import styles from './row-detail.module.css';
import type { RowActions, RowView } from './row-view.ts';

const NO_HITS: HitFinder = () => [];
/** Longer values are cut in the store and would not be found by themselves. */
const SEARCHABLE = 512;

/** Fields of the line, then where it comes from; each with what can be done by it. */
export function FieldTable(props: {
  record: ApiRecord;
  view: RowView;
  actions: RowActions;
  fields: [string, string][];
}) {
  const { record, view, actions } = props;
  const words = useWords().logs.detail;
  const flags = (record.flags ?? []).map((flag) =>
    flag in words.flag ? words.flag[flag as keyof typeof words.flag] : flag,
  );
  const known: [string, string, string][] = [
    ['app', record.app, 'app'],
    ['env', record.env, 'env'],
    ['host', record.host, 'host'],
    ['instance', record.instance, 'instance'],
    ['container', record.containerName || record.container, 'containerName'],
    ['image', record.image, ''],
    ['version', record.version, 'version'],
    ['stream', record.stream, 'stream'],
    ['path', record.path, ''],
  ];
  return (
    <table className={styles.table}>
      <tbody>
        {props.fields.map(([name, value]) => (
          <FieldRow
            key={`field ${name}`}
            name={name}
            value={value}
            column={name}
            view={view}
            actions={actions}
            finder={view.finder}
            coloured
          />
        ))}
        <FieldRow name={words.time} value={fullText(microseconds(record.time), view.zone)} view={view} />
        {known
          .filter(([, value]) => value !== '')
          .map(([name, value, column]) => (
            <FieldRow key={name} name={name} value={value} column={column} view={view} actions={actions} />
          ))}
        {flags.length > 0 && <FieldRow name={words.flags} value={flags.join('; ')} view={view} />}
        {record.raw !== undefined && <FieldRow name={words.bytes} value={record.raw} view={view} />}
        <FieldRow name={words.position} value={record.id} view={view} />
      </tbody>
    </table>
  );
}

function FieldRow(props: {
  name: string;
  value: string;
  view: RowView;
  /** Its name as a column; '' or absent: it cannot be one. */
  column?: string;
  actions?: RowActions;
  finder?: HitFinder;
  coloured?: boolean;
}) {
  const { name, value, actions, column = '' } = props;
  const all = useWords();
  const words = all.logs.detail;
  const copy = useCopy();
  const shown = visible(name);
  const asColumn = props.view.fields.includes(column);
  const searchable = value.length <= SEARCHABLE;
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
          {actions !== undefined && searchable && (
            <Button
              small
              look="ghost"
              icon="plus"
              label={words.include(shown)}
              onClick={() => actions.only(name, value)}
            />
          )}
          {actions !== undefined && searchable && (
            <Button
              small
              look="ghost"
              icon="minus"
              label={words.exclude(shown)}
              onClick={() => actions.exclude(name, value)}
            />
          )}
          {actions !== undefined && column !== '' && (
            <Button
              small
              look="ghost"
              icon="columns"
              aria-pressed={asColumn}
              label={asColumn ? all.search.columns.remove(shown) : all.search.columns.add(shown)}
              onClick={() => actions.column(column)}
            />
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
