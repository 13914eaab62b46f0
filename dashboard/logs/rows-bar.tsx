import { type ReactNode, useState } from 'react';
import type { Range } from '../format/range.ts';
import { type Zone, zoneName } from '../format/time.ts';
import { Button, Segments } from '../shell/controls.tsx';
import { Popover } from '../shell/popover.tsx';
import { visible } from '../text/visible.ts';
import { useWords } from '../words/words.tsx';
import { IDENTITY, toggleColumn } from './columns.ts';
import styles from './page.module.css';
import { DEFAULT_COLUMNS, type LogsUrl, type Order, type Tab } from './url-state.ts';
import { useFieldNames } from './use-field-names.ts';

interface RowsBarProps {
  url: Pick<LogsUrl, 'query' | 'tab' | 'order' | 'wrap' | 'columns' | 'pretty' | 'repeats'>;
  range: Range;
  zone: Zone;
  nowUs: number;
  /** Null: the filters are not beside the rows. */
  folded: boolean | null;
  /** Fields seen in the lines so far. */
  seen: string[];
  onTab(tab: Tab): void;
  onOrder(order: Order): void;
  onWrap(): void;
  onZone(): void;
  onFold(): void;
  onView(change: Partial<Pick<LogsUrl, 'columns' | 'pretty' | 'repeats'>>): void;
}

/** Lines, patterns or what changed; and how the lines are shown. */
export function RowsBar(props: RowsBarProps) {
  const all = useWords();
  const words = all.logs;
  const { url } = props;
  return (
    <div className={styles.rowsbar}>
      {props.folded !== null && (
        <Button small look="ghost" icon="filter" aria-expanded={!props.folded} onClick={props.onFold}>
          {words.facets.show}
        </Button>
      )}
      <Segments<Tab>
        label={all.search.tabs.label}
        value={url.tab}
        onChange={props.onTab}
        options={[
          { value: 'lines', text: all.search.tabs.lines },
          { value: 'patterns', text: all.search.tabs.patterns },
          { value: 'explain', text: all.search.tabs.explain },
        ]}
      />
      <span className="grow" />
      {url.tab === 'lines' && (
        <>
          <Button small look="ghost" icon="order" onClick={() => props.onOrder(url.order === 'desc' ? 'asc' : 'desc')}>
            {url.order === 'desc' ? words.rows.newest : words.rows.oldest}
          </Button>
          <Button
            small
            look="ghost"
            icon="wrap"
            className={styles.wideOnly}
            aria-pressed={url.wrap}
            onClick={props.onWrap}
          >
            {words.rows.wrap}
          </Button>
          <Columns {...props} />
        </>
      )}
      <Button
        small
        look="ghost"
        aria-label={`${words.time.zone}: ${zoneName(props.nowUs, props.zone)}`}
        onClick={props.onZone}
      >
        {zoneName(props.nowUs, props.zone)}
      </Button>
    </div>
  );
}

/** Which columns stand before the message, and two ways to show lines. All of it is in the link. */
function Columns({ url, seen, range, onView }: RowsBarProps) {
  const words = useWords().search.columns;
  const [open, setOpen] = useState(false);
  const found = useFieldNames(url.query, range, seen, open)
    .map((field) => field.name)
    .filter((name) => !(IDENTITY as readonly string[]).includes(name))
    .slice(0, 40);
  const gone = url.columns.filter((name) => !(IDENTITY as readonly string[]).includes(name) && !found.includes(name));
  const check = (label: ReactNode, on: boolean, change: () => void, key: string) => (
    <label key={key} className={styles.check}>
      <input type="checkbox" checked={on} onChange={change} />
      <span>{label}</span>
    </label>
  );
  const column = (name: string) =>
    check(
      visible(name),
      url.columns.includes(name),
      () => onView({ columns: toggleColumn(url.columns, name) }),
      `column ${name}`,
    );
  return (
    <Popover
      open={open}
      onClose={() => setOpen(false)}
      label={words.label}
      className={styles.columns}
      fixed
      control={
        <Button
          small
          look="ghost"
          icon="columns"
          className={styles.wideOnly}
          aria-haspopup="dialog"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
        >
          {words.label}
        </Button>
      }
    >
      <h2>{words.show}</h2>
      {check(words.pretty, url.pretty, () => onView({ pretty: !url.pretty }), 'pretty')}
      {check(words.repeats, url.repeats, () => onView({ repeats: !url.repeats }), 'repeats')}
      <h2>{words.identity}</h2>
      {IDENTITY.map(column)}
      {(found.length > 0 || gone.length > 0) && <h2>{words.fields}</h2>}
      {[...gone, ...found].map(column)}
      {url.columns.join('\n') !== DEFAULT_COLUMNS.join('\n') && (
        <Button small look="ghost" onClick={() => onView({ columns: [...DEFAULT_COLUMNS] })}>
          {words.usual}
        </Button>
      )}
    </Popover>
  );
}
