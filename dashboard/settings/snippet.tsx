import { Button } from '../shell/controls.tsx';
import { useCopy } from '../shell/toast.tsx';
import { visible } from '../text/visible.ts';
import { useWords } from '../words/words.tsx';
import styles from './settings.module.css';

/** Lines of a configuration or a command, to be copied. */
export function Snippet({ text, label }: { text: string; label?: string }) {
  const words = useWords();
  const copy = useCopy();
  return (
    <div className={styles.snippet}>
      {label !== undefined && <p>{label}</p>}
      <pre className="mono">{visible(text)}</pre>
      <Button small icon="copy" onClick={() => copy(text)}>
        {words.copy}
      </Button>
    </div>
  );
}
