import { createContext, type ReactNode, useCallback, useContext, useEffect, useState } from 'react';
import { useWords } from '../words/words.tsx';
import styles from './toast.module.css';

const ToastContext = createContext<(text: string) => void>(() => {});

/** Short confirmations; errors are shown in place of what failed, never here. */
export function ToastProvider({ children }: { children: ReactNode }) {
  const [toast, setToast] = useState<{ text: string; at: number } | null>(null);
  useEffect(() => {
    if (toast === null) return;
    const timer = setTimeout(() => setToast(null), 2400);
    return () => clearTimeout(timer);
  }, [toast]);
  const show = useCallback((text: string) => setToast({ text, at: Date.now() }), []);
  return (
    <ToastContext value={show}>
      {children}
      <div role="status" aria-live="polite">
        {toast !== null && <div className={styles.toast}>{toast.text}</div>}
      </div>
    </ToastContext>
  );
}

export function useToast(): (text: string) => void {
  return useContext(ToastContext);
}

/** Copies and says so. */
export function useCopy(): (text: string, done?: string) => void {
  const toast = useToast();
  const words = useWords();
  return useCallback(
    (text, done) => {
      copyText(text).then(
        () => toast(done ?? words.copied),
        () => toast(words.copyFailed),
      );
    },
    [toast, words],
  );
}

async function copyText(text: string): Promise<void> {
  if (navigator.clipboard !== undefined) return navigator.clipboard.writeText(text);
  // Plain HTTP off loopback has no clipboard API; the old command still works there.
  const area = document.createElement('textarea');
  area.value = text;
  area.style.position = 'fixed';
  area.style.opacity = '0';
  document.body.append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  if (!done) throw new Error('cannot copy');
}
