import { useMemo } from 'react';
import type { LogsPage } from './page-state.ts';
import type { RowView } from './row-view.ts';

/** How the page says rows are shown, where `columns` characters of a message fit. */
export function useRowView({ url, zone, narrow, finder }: LogsPage, columns: number): RowView {
  const { wrap, pretty, columns: fields } = url;
  return useMemo(
    () => ({ zone, wrap, pretty, narrow, finder, columns, fields }),
    [zone, wrap, pretty, narrow, finder, columns, fields],
  );
}
