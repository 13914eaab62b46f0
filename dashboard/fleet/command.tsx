import { Button } from '../shell/controls.tsx';
import { useCopy } from '../shell/toast.tsx';
import { useWords } from '../words/words.tsx';
import styles from './list.module.css';

/** A command to copy. */
export function Command({ text }: { text: string }) {
  const words = useWords();
  const copy = useCopy();
  return (
    <div className={styles.command}>
      <code>{text}</code>
      <Button small look="ghost" icon="copy" label={words.copy} onClick={() => copy(text)} />
    </div>
  );
}
