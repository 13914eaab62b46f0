import type { ReactNode } from 'react';
import { Button } from '../shell/controls.tsx';
import { useWords } from '../words/words.tsx';
import styles from './page.module.css';

/** The filters over the page, where there is no room beside it. */
export function FacetSheet({ onClose, children }: { onClose(): void; children: ReactNode }) {
  const words = useWords();
  return (
    <div className={styles.sheet} role="dialog" aria-label={words.logs.facets.label}>
      <div>
        <header>
          {words.logs.facets.label}
          <Button small look="ghost" icon="close" label={words.close} onClick={onClose} />
        </header>
        {children}
      </div>
      <button type="button" tabIndex={-1} aria-hidden="true" onClick={onClose} />
    </div>
  );
}
