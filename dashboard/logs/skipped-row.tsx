// biome-ignore-all lint/a11y/useSemanticElements: a virtualised list cannot be made of table elements
// biome-ignore-all lint/a11y/useFocusableInteractive: focus roves over whole rows, not over their cells
import { count } from '../format/number.ts';
import { useWords } from '../words/words.tsx';
import styles from './row-list.module.css';
import type { Item } from './row-view.ts';
import { useLogsUrl } from './url-state.ts';

/** Lines a live view did not show, said at their place; one click finds them. */
export function SkippedRow({ item }: { item: Extract<Item, { kind: 'skipped' }> }) {
  const words = useWords().logs.tail;
  const [, change] = useLogsUrl();
  return (
    <div className={`${styles.sep} ${styles.hole}`} role="row">
      <span role="gridcell">
        {item.reason === 'busy' ? words.untested(count(item.count)) : words.skipped(count(item.count))}
      </span>
      <span role="gridcell">
        <button
          type="button"
          onClick={() =>
            change({ live: false, order: 'asc', range: { from: item.from, to: item.to }, brush: null, open: null })
          }
        >
          {words.openAsSearch}
        </button>
      </span>
    </div>
  );
}
