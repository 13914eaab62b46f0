import { useMutation } from '@tanstack/react-query';
import { useClient } from '../client/client.tsx';
import { count } from '../format/number.ts';
import { FormError } from '../pages/door.tsx';
import styles from '../pages/page.module.css';
import { Button } from '../shell/controls.tsx';
import { useCopy } from '../shell/toast.tsx';
import { visible } from '../text/visible.ts';
import { useWords } from '../words/words.tsx';
import own from './settings.module.css';

/** Has the server check every hash of the audit log; only when asked, for it reads all of it. */
export function ChainCheck() {
  const all = useWords();
  const words = all.settings.audit;
  const client = useClient();
  const copy = useCopy();
  const check = useMutation({ mutationFn: () => client.checkAudit() });
  const verdict = check.data;
  const head = verdict?.head === null || verdict === undefined ? null : `${verdict.head.seq}:${verdict.head.hash}`;
  return (
    <div className={own.bar}>
      <Button icon="check" disabled={check.isPending} onClick={() => check.mutate()}>
        {check.isPending ? words.checking : words.check}
      </Button>
      <div role="status" className={own.verdict}>
        {verdict?.ok === true && (
          <p>
            {words.intact(count(verdict.entries))}{' '}
            {verdict.from !== null && verdict.from.seq > 0 && words.removed(count(verdict.from.seq))}
          </p>
        )}
        {verdict?.ok === false && (
          <p className={styles.bad}>{visible(words.damaged(count(verdict.brokenAt ?? 0), verdict.why ?? ''))}</p>
        )}
        {head !== null && (
          <p>
            {words.head} <code className="mono">{head}</code>{' '}
            <Button small icon="copy" label={all.copy} onClick={() => copy(head)} />
          </p>
        )}
      </div>
      <FormError error={check.error} />
    </div>
  );
}
