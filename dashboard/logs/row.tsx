// biome-ignore-all lint/a11y/useSemanticElements: a virtualised list cannot be made of table elements
// biome-ignore-all lint/a11y/useFocusableInteractive: focus roves over whole rows, not over their cells
import { type MouseEvent, memo, useRef, useState } from 'react';
import type { ApiRecord } from '../../api/contract.ts';
import { clockText, fractionText, fullText, microseconds } from '../format/time.ts';
import { Button } from '../shell/controls.tsx';
import { Message } from '../text/message.tsx';
import { visible } from '../text/visible.ts';
import { useWords } from '../words/words.tsx';
import { columnValue } from './columns.ts';
import styles from './row.module.css';
import { instanceName, type RowActions, type RowView, seriesOf, splitInstance } from './row-view.ts';
import { wordAtPoint } from './word-at.ts';

interface RowProps {
  record: ApiRecord;
  /** Lines that stand behind this one; `spread`: they follow. */
  more: number;
  spread: boolean;
  view: RowView;
  actions: RowActions;
  rowIndex: number;
  focused: boolean;
  /** The one row the Tab key reaches. */
  tabbable: boolean;
  open: boolean;
  unfolded: boolean;
}

/** One line: time, level, chosen columns, message. A click on a word opens its menu, one beside the text the line; a drag does neither. */
export const Row = memo(function Row(props: RowProps) {
  const { record, view, actions, rowIndex, focused, tabbable, open, unfolded } = props;
  const words = useWords().search.rows;
  const level = record.level ?? 'none';
  const time = microseconds(record.time);
  const press = usePress(
    () => actions.open(open ? null : record.id),
    (text, x, y) => actions.word(text, x, y),
  );
  // Four buttons a row are most of its nodes: only the row under the pointer has them.
  const [hovered, setHovered] = useState(false);
  return (
    <div
      role="row"
      aria-rowindex={rowIndex}
      aria-selected={open}
      data-id={record.id}
      data-level={level}
      tabIndex={tabbable ? 0 : -1}
      className={[styles.row, styles[level], focused && styles.focused, open && styles.open].filter(Boolean).join(' ')}
      onFocus={(event) => event.target === event.currentTarget && actions.focus(record.id)}
      onMouseEnter={() => setHovered(true)}
      onMouseLeave={() => setHovered(false)}
      {...press}
    >
      <span role="gridcell" className={styles.time}>
        <time dateTime={record.time} title={fullText(time, view.zone)}>
          {clockText(time, view.zone)}
          <i>{fractionText(time)}</i>
        </time>
      </span>
      <span role="gridcell" className={`${styles.lv} ${styles[`lv${level}`]}`}>
        {record.level === null ? '–' : record.level.toUpperCase()}
      </span>
      {view.fields.map((column) => (
        <Cell key={column} record={record} column={column} />
      ))}
      <div
        role="gridcell"
        className={[styles.msg, (view.wrap || open) && styles.wrap, !open && !unfolded && styles.clamp]
          .filter(Boolean)
          .join(' ')}
        data-words
      >
        <Message
          text={record.message}
          finder={view.finder}
          columns={view.wrap || open ? 0 : view.columns}
          unfolded={unfolded}
          most={view.narrow ? 2 : undefined}
          pretty={view.pretty && !view.narrow}
          onUnfold={(next) => actions.unfold(record.id, next)}
        />
        {props.more > 0 && (
          <button
            type="button"
            className={`${styles.more} num`}
            aria-expanded={props.spread}
            title={words.repeatsWhy}
            onClick={() => actions.spread(record.id, !props.spread)}
          >
            {props.spread ? words.repeatsFold : words.repeats(props.more)}
          </button>
        )}
      </div>
      {hovered && !open && <HoverActions record={record} actions={actions} />}
    </div>
  );
});

function Cell({ record, column }: { record: ApiRecord; column: string }) {
  if (column !== 'instance') {
    const text = visible(columnValue(record, column));
    return (
      <span role="gridcell" className={column === 'host' ? styles.host : styles.field} title={text}>
        {text}
      </span>
    );
  }
  const [name, number] = splitInstance(instanceName(record));
  return (
    <span role="gridcell" className={styles.inst} title={visible(`${record.app} / ${record.env} / ${record.instance}`)}>
      <span className={`${styles.dot} ${styles[`s${seriesOf(instanceName(record))}`]}`} aria-hidden="true" />
      {visible(name)}
      <i>{visible(number)}</i>
    </span>
  );
}

function HoverActions({ record, actions }: { record: ApiRecord; actions: RowActions }) {
  const words = useWords().logs.rows;
  return (
    <span
      role="gridcell"
      className={styles.acts}
      onMouseDown={(event) => event.stopPropagation()}
      onMouseUp={(event) => event.stopPropagation()}
    >
      <Button small look="ghost" icon="context" tabIndex={-1} hotkey="c" onClick={() => actions.context(record.id)}>
        {words.context}
      </Button>
      <Button small look="ghost" icon="filter" tabIndex={-1} onClick={() => actions.only('app', record.app)}>
        {words.onlyApp}
      </Button>
      <Button
        small
        look="ghost"
        icon="link"
        tabIndex={-1}
        label={words.copyLink}
        onClick={() => actions.copyLink(record)}
      />
      <Button
        small
        look="ghost"
        icon="copy"
        tabIndex={-1}
        label={words.copyLine}
        onClick={() => actions.copyLine(record)}
      />
    </span>
  );
}

/** A press that moved under 4 px, selected nothing, and was not followed by a second one within 250 ms: on a word or beside the text. */
function usePress(open: () => void, word: (text: string, x: number, y: number) => void) {
  const state = useRef<{ x: number; y: number; timer: ReturnType<typeof setTimeout> | null }>({
    x: -1,
    y: -1,
    timer: null,
  });
  return {
    onMouseDown(event: MouseEvent) {
      state.current.x = event.button === 0 ? event.clientX : -1;
      state.current.y = event.clientY;
      if (state.current.timer !== null) clearTimeout(state.current.timer);
      state.current.timer = null;
    },
    onMouseUp(event: MouseEvent) {
      const { x, y } = state.current;
      const { clientX, clientY } = event;
      if (x < 0 || event.detail > 1 || Math.hypot(clientX - x, clientY - y) >= 4) return;
      const target = event.target as HTMLElement;
      if (target.closest('button, a') !== null) return;
      const text = target.closest('[data-words]');
      const found = text === null ? null : wordAtPoint(text, clientX, clientY);
      if (found === null) {
        if (window.getSelection()?.isCollapsed !== false) open();
        return;
      }
      state.current.timer = setTimeout(() => {
        if (window.getSelection()?.isCollapsed !== false) word(found, clientX, clientY);
      }, 250);
    },
  };
}
