import { useEffect, useRef } from 'react';
import { Button } from '../shell/controls.tsx';
import { useWords } from '../words/words.tsx';
import styles from './keys-help.module.css';

/** All keys of the page. */
export function KeysHelp({ onClose }: { onClose(): void }) {
  const words = useWords();
  const panel = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const back = document.activeElement;
    panel.current?.focus();
    return () => {
      if (back instanceof HTMLElement && back.isConnected) back.focus();
    };
  }, []);
  const { title, ...keys } = words.logs.keys;
  return (
    <div className={styles.panel} role="dialog" aria-label={title} tabIndex={-1} ref={panel}>
      <header>
        <h2>{title}</h2>
        <Button small look="ghost" icon="close" label={words.close} onClick={onClose} />
      </header>
      <dl>
        {Object.entries(keys).map(([key, what]) => (
          <div key={key}>
            <dt>
              {key.split(' ').map((one, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: g g is twice the same key
                <kbd key={index}>{one}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
