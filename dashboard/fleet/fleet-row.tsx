// biome-ignore-all lint/a11y/useSemanticElements: rows are two lines on a phone, which table elements cannot be
// biome-ignore-all lint/a11y/useFocusableInteractive: focus roves over whole rows, not over their cells
// biome-ignore-all lint/a11y/useKeyWithClickEvents: the grid takes the keys of all its rows
import type { ReactNode } from 'react';
import { Icon } from '../shell/icon.tsx';
import { visible } from '../text/visible.ts';
import { useFleetWords } from '../words/fleet-words.ts';
import type { RowProps } from './fleet-grid.tsx';
import styles from './list.module.css';

/** A row and, when it is open, its details below it. */
export function FleetRow(props: {
  of: RowProps;
  /** What its details are called: `Details of …`. */
  name: string;
  columns: number;
  look: 'bad' | 'quiet' | null;
  onOpen(key: string | null): void;
  /** Made only while the row is open. */
  detail(): ReactNode;
  children: ReactNode;
}) {
  const { of } = props;
  const words = useFleetWords().fleet;
  const classes = [styles.row, of.open ? styles.opened : '', props.look === null ? '' : styles[props.look]];
  return (
    <>
      <div
        role="row"
        data-key={of.rowKey}
        tabIndex={of.active ? 0 : -1}
        className={classes.filter(Boolean).join(' ')}
        onClick={(event) => {
          // Selecting text is no click, and what is a control keeps its own meaning.
          if (window.getSelection()?.isCollapsed === false) return;
          if ((event.target as HTMLElement).closest('a, button') === null) props.onOpen(of.open ? null : of.rowKey);
        }}
      >
        {props.children}
        <div role="gridcell" className={styles.opener}>
          <button
            type="button"
            tabIndex={of.active ? 0 : -1}
            aria-expanded={of.open}
            aria-label={visible(words.open(props.name))}
            onClick={() => props.onOpen(of.open ? null : of.rowKey)}
          >
            <Icon name="caret" size={14} />
          </button>
        </div>
      </div>
      {of.open && (
        <div role="row" className={styles.detailRow}>
          <div role="gridcell" aria-colspan={props.columns}>
            <section className={styles.detail} aria-label={visible(words.open(props.name))}>
              {props.detail()}
            </section>
          </div>
        </div>
      )}
    </>
  );
}

/** A figure; nothing at all is a quiet 0, so that what there is stands out. */
export function Figure({ value, text }: { value: number; text(value: number): string }) {
  return value === 0 ? <span className={styles.sub}>0</span> : text(value);
}

/** One value; on a phone its column's name stands before it. */
export function Cell(props: {
  label?: string;
  className?: string;
  number?: boolean;
  title?: string;
  header?: boolean;
  children: ReactNode;
}) {
  const classes = [styles.cell, props.number === true ? styles.number : '', props.className ?? ''];
  return (
    <div
      role={props.header === true ? 'rowheader' : 'gridcell'}
      className={classes.filter(Boolean).join(' ')}
      data-label={props.label}
      title={props.title === undefined ? undefined : visible(props.title)}
    >
      {props.children}
    </div>
  );
}
