import type { ApiRecord } from '../../api/contract.ts';
import { clockText, fractionText, microseconds } from '../format/time.ts';
import { Button } from '../shell/controls.tsx';
import { useCopy } from '../shell/toast.tsx';
import { visible } from '../text/visible.ts';
import { useWords } from '../words/words.tsx';
import styles from './page.module.css';
import type { LogsPage } from './page-state.ts';
import { lineText } from './row-actions.ts';
import { instanceName } from './row-view.ts';

/** Lines kept in sight while something else is searched for, in order of time; to be copied together into a ticket. */
export function Pinned({ page, onOpen }: { page: LogsPage; onOpen(record: ApiRecord): void }) {
  const words = useWords().search.pinned;
  const copy = useCopy();
  return (
    <section className={styles.pinned} aria-label={words.label}>
      <header>
        {words.count(page.pinned.length)}
        <span className="grow" />
        <Button
          small
          look="ghost"
          icon="copy"
          onClick={() => copy(page.pinned.map((record) => lineText(record, page.zone)).join('\n'))}
        >
          {words.copy}
        </Button>
        <Button small look="ghost" icon="close" onClick={page.clearPins}>
          {words.clear}
        </Button>
      </header>
      <ul>
        {page.pinned.map((record) => (
          <li key={record.id}>
            <button type="button" title={words.open} onClick={() => onOpen(record)}>
              <time dateTime={record.time}>
                {clockText(microseconds(record.time), page.zone)}
                {fractionText(microseconds(record.time))}
              </time>
              {visible(`${instanceName(record)} ${record.message.split('\n', 1)[0].slice(0, 400)}`)}
            </button>
            <Button small look="ghost" icon="close" label={words.remove} onClick={() => page.togglePin(record)} />
          </li>
        ))}
      </ul>
    </section>
  );
}
