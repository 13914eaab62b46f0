import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import styles from '../pages/page.module.css';
import { Failed, Skeleton } from '../shell/state.tsx';

export interface Column<T> {
  head: string;
  /** Explains the column, on hover. */
  hint?: string;
  number?: boolean;
  /** The head is read aloud and not shown: of buttons that speak for themselves. */
  quiet?: boolean;
  cell(item: T): ReactNode;
}

/** A table of what a query gave; the first column names the row. In its place: bones, the error, or what to say of nothing. */
export function Listing<T>(props: {
  label: string;
  query: Pick<UseQueryResult<unknown>, 'error' | 'refetch'>;
  /** Undefined while nothing came. */
  items: T[] | undefined;
  rowKey(item: T): string;
  columns: Column<T>[];
  none: string;
  /** A row across the table below an item's. */
  below?(item: T): ReactNode;
  rowClass?(item: T): string | undefined;
}) {
  const { items, columns, query } = props;
  if (items === undefined)
    return query.error === null ? (
      <Skeleton rows={4} />
    ) : (
      <Failed error={query.error} onAgain={() => query.refetch()} />
    );
  if (items.length === 0) return <p className={styles.none}>{props.none}</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls sideways must be scrollable by keys
    <section className={styles.scroll} tabIndex={0} aria-label={props.label}>
      <table className={styles.table}>
        <thead>
          <tr>
            {columns.map(({ head, hint, number, quiet }) => (
              <th key={head} scope="col" title={hint} className={number ? styles.number : undefined}>
                {quiet ? <span className="sr">{head}</span> : head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <Row key={props.rowKey(item)} item={item} {...props} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Row<T>({
  item,
  columns,
  below,
  rowClass,
}: {
  item: T;
  columns: Column<T>[];
  below?(item: T): ReactNode;
  rowClass?(item: T): string | undefined;
}) {
  const more = below?.(item);
  return (
    <>
      <tr className={rowClass?.(item)}>
        {columns.map(({ head, number, cell }, i) =>
          i === 0 ? (
            <th key={head} scope="row">
              {cell(item)}
            </th>
          ) : (
            <td key={head} className={number ? styles.number : undefined}>
              {cell(item)}
            </td>
          ),
        )}
      </tr>
      {more !== undefined && more !== null && (
        <tr>
          <td colSpan={columns.length} className={styles.wide}>
            {more}
          </td>
        </tr>
      )}
    </>
  );
}
