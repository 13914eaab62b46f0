import { type ReactNode, useEffect, useState } from 'react';
import { ApiError } from '../client/request.ts';
import { useWords } from '../words/words.tsx';
import { Button } from './controls.tsx';
import styles from './state.module.css';

/** In place of data that could not be had: what failed, what helps, try again. */
export function Failed({ error, onAgain, children }: { error: unknown; onAgain?: () => void; children?: ReactNode }) {
  const words = useWords();
  const known = error instanceof ApiError ? error : null;
  const network = known?.code === 'network';
  const message = network ? words.error.network : error instanceof Error ? error.message : String(error);
  const hint = network ? words.error.networkHint : known?.hint;
  return (
    <div className={styles.state} role="alert">
      <h2>{message}</h2>
      <p>
        {hint}
        {hint !== undefined && <br />}
        {known !== null && !network && words.error.title(known.code)}
      </p>
      {children}
      {onAgain !== undefined && (
        <Button icon="again" onClick={onAgain}>
          {words.tryAgain}
        </Button>
      )}
    </div>
  );
}

/** Rows of the right shape, but only after 200 ms: a quick answer shows no flicker. */
export function Skeleton({ rows = 14 }: { rows?: number }) {
  const words = useWords();
  const shown = useLater(200);
  if (!shown) return <div className={styles.rows} />;
  return (
    <div className={styles.rows} role="status" aria-label={words.loading}>
      {Array.from({ length: rows }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the bars have no identity
        <div className={styles.row} key={index} aria-hidden="true">
          <div className={styles.bar} />
          <div className={styles.bar} />
          <div className={styles.bar} />
          <div className={styles.bar} style={{ width: `${35 + ((index * 37) % 55)}%` }} />
        </div>
      ))}
    </div>
  );
}

/** False, then true after `ms`. */
export function useLater(ms: number): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), ms);
    return () => clearTimeout(timer);
  }, [ms]);
  return late;
}
