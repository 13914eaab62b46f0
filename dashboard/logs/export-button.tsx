import { lazy, Suspense } from 'react';
import type { Range } from '../format/range.ts';
import { Button } from '../shell/controls.tsx';
import { Popover } from '../shell/popover.tsx';
import { useWords } from '../words/words.tsx';
import type { Order } from './url-state.ts';

const ExportDialog = lazy(() => import('./export-dialog.tsx'));

export function ExportButton(props: {
  query: string;
  range: Range;
  order: Order;
  total: number | null;
  open: boolean;
  onOpen(open: boolean): void;
}) {
  const words = useWords().logs;
  return (
    <Popover
      open={props.open}
      onClose={() => props.onOpen(false)}
      label={words.export}
      control={
        <Button
          look="ghost"
          icon="export"
          label={words.export}
          aria-haspopup="dialog"
          aria-expanded={props.open}
          onClick={() => props.onOpen(!props.open)}
        />
      }
    >
      <Suspense fallback={null}>
        <ExportDialog {...props} onClose={() => props.onOpen(false)} />
      </Suspense>
    </Popover>
  );
}
