// biome-ignore-all lint/a11y/useSemanticElements: rows are two lines on a phone, which table elements cannot be
// biome-ignore-all lint/a11y/useFocusableInteractive: focus roves over whole rows, not over their cells
import { type KeyboardEvent, type ReactNode, useId, useRef, useState } from 'react';
import { Button } from '../shell/controls.tsx';
import { useKeys } from '../shell/keys.ts';
import { useFleetWords } from '../words/fleet-words.ts';
import styles from './list.module.css';

/** Rows put on the page at once; more come by a button. They are cheap while out of sight, but not free. */
const ROWS = 500;

export interface Column {
  id: string;
  text: string;
  number?: boolean;
  /** Cannot be sorted by: it has no order. */
  fixed?: boolean;
}

export interface RowProps {
  rowKey: string;
  active: boolean;
  open: boolean;
}

/** A list as a grid: a head that sorts, rows that focus roves over, one of them open. */
export function FleetGrid<T extends { key: string }>(props: {
  label: string;
  className: string;
  columns: readonly Column[];
  rows: readonly T[];
  sort: string;
  desc: boolean;
  open: string | null;
  /** What the reader asked for: another one begins at the top with the first rows. */
  basis: string;
  onSort(id: string, desc: boolean): void;
  onOpen(key: string | null): void;
  /** Somebody points at the rows, or has the focus among them. */
  onHold(held: boolean): void;
  /** A key pressed on a row; true when it meant something. */
  onKey?(key: string, row: T): boolean;
  children(row: T, of: RowProps): ReactNode;
}) {
  const { columns, rows, open } = props;
  const words = useFleetWords().fleet;
  const grid = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState<string | null>(open);
  const [more, setMore] = useState({ basis: props.basis, rows: ROWS });
  const limit = more.basis === props.basis ? more.rows : ROWS;
  const at = Math.max(
    0,
    rows.findIndex((row) => row.key === active),
  );
  // An open row is shown wherever it stands: a link to it must not end at a button.
  const openAt = open === null ? -1 : rows.findIndex((row) => row.key === open);
  const shown = rows.slice(0, Math.max(limit, openAt + 1));

  const focusRow = (index: number) => {
    const row = shown[Math.min(Math.max(index, 0), shown.length - 1)];
    if (row === undefined) return;
    setActive(row.key);
    const element = grid.current?.querySelector<HTMLElement>(`[data-key="${CSS.escape(row.key)}"]`);
    element?.focus();
    element?.scrollIntoView({ block: 'nearest' });
  };
  const isAmong = () => grid.current?.contains(document.activeElement) === true;
  const step = (by: number) => focusRow(isAmong() ? at + by : at);
  const moves: Record<string, () => void> = {
    j: () => step(1),
    k: () => step(-1),
    ArrowDown: () => step(1),
    ArrowUp: () => step(-1),
    Home: () => focusRow(0),
    End: () => focusRow(shown.length - 1),
  };
  useKeys({
    j: () => moves.j(),
    k: () => moves.k(),
    Esc: () => (open === null ? false : props.onOpen(null)),
  });
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target as HTMLElement;
    // Keys of the whole row; a link or button inside it keeps its own.
    if (target.dataset.key === undefined) return;
    const row = rows[at];
    if (event.key === 'Enter') props.onOpen(open === row.key ? null : row.key);
    else if (props.onKey?.(event.key, row) === true) return event.preventDefault();
    else if (moves[event.key] !== undefined) moves[event.key]();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <>
      <PhoneSort columns={columns} sort={props.sort} desc={props.desc} onSort={props.onSort} />
      <div
        ref={grid}
        role="grid"
        aria-label={props.label}
        aria-rowcount={rows.length + 1}
        aria-colcount={columns.length}
        className={`${styles.grid} ${props.className}`}
        onKeyDown={onKeyDown}
      >
        <div role="row" aria-rowindex={1} className={styles.heads}>
          {columns.map((column) => (
            <div
              key={column.id}
              role="columnheader"
              className={column.number === true ? styles.number : undefined}
              aria-sort={
                column.fixed === true
                  ? undefined
                  : props.sort !== column.id
                    ? 'none'
                    : props.desc
                      ? 'descending'
                      : 'ascending'
              }
            >
              {column.fixed === true ? (
                <span className="sr">{column.text}</span>
              ) : (
                <button
                  type="button"
                  onClick={() =>
                    props.sort === column.id
                      ? props.onSort(column.id, !props.desc)
                      : props.onSort(column.id, column.number === true)
                  }
                >
                  {column.text}
                  <span aria-hidden="true">{props.sort === column.id ? (props.desc ? ' ↓' : ' ↑') : ''}</span>
                </button>
              )}
            </div>
          ))}
        </div>
        <div
          role="rowgroup"
          onPointerEnter={() => props.onHold(true)}
          onPointerLeave={() => props.onHold(isAmong())}
          onFocus={(event) => {
            const key = (event.target as HTMLElement).closest<HTMLElement>('[data-key]')?.dataset.key;
            if (key !== undefined) setActive(key);
            props.onHold(true);
          }}
          onBlur={(event) => {
            const { currentTarget, relatedTarget } = event;
            if (relatedTarget instanceof Node && currentTarget.contains(relatedTarget)) return;
            props.onHold(currentTarget.matches(':hover'));
          }}
        >
          {shown.map((row, index) =>
            props.children(row, { rowKey: row.key, active: index === at, open: row.key === open }),
          )}
        </div>
      </div>
      {rows.length > shown.length && (
        <p className={styles.more}>
          <Button onClick={() => setMore({ basis: props.basis, rows: shown.length + ROWS })}>
            {words.more(Math.min(ROWS, rows.length - shown.length))}
          </Button>
        </p>
      )}
    </>
  );
}

/** On a phone there is no head to press. */
function PhoneSort(props: {
  columns: readonly Column[];
  sort: string;
  desc: boolean;
  onSort(id: string, desc: boolean): void;
}) {
  const words = useFleetWords().fleet;
  const id = useId();
  return (
    <div className={styles.phoneSort}>
      <label htmlFor={id}>{words.sortBy}</label>
      <select
        id={id}
        value={props.sort}
        onChange={(event) => {
          const column = props.columns.find((one) => one.id === event.target.value);
          if (column !== undefined) props.onSort(column.id, column.number === true);
        }}
      >
        {props.columns
          .filter((column) => column.fixed !== true)
          .map((column) => (
            <option key={column.id} value={column.id}>
              {column.text}
            </option>
          ))}
      </select>
      <Button
        small
        look="ghost"
        icon={props.desc ? 'down' : 'up'}
        label={props.desc ? words.descending : words.ascending}
        onClick={() => props.onSort(props.sort, !props.desc)}
      />
    </div>
  );
}
