import { useEffect, useRef } from 'react';
import { Icon, type IconName } from '../shell/icon.tsx';
import { useCopy } from '../shell/toast.tsx';
import { visible } from '../text/visible.ts';
import { useWords } from '../words/words.tsx';
import type { RowActions } from './row-view.ts';
import styles from './word-menu.module.css';

export interface WordAt {
  text: string;
  /** Place in the window, px. */
  x: number;
  y: number;
}

const WIDTH = 240;
const HEIGHT = 172;

/** What can be done with one word of a line: look for it, leave it out, begin anew with it, copy it. */
export function WordMenu({ word, actions, onClose }: { word: WordAt; actions: RowActions; onClose(): void }) {
  const words = useWords();
  const copy = useCopy();
  const panel = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const back = document.activeElement;
    panel.current?.querySelector('button')?.focus();
    const onPress = (event: PointerEvent) => {
      if (!panel.current?.contains(event.target as Node)) onClose();
    };
    const onKey = (event: KeyboardEvent) => {
      const buttons = Array.from(panel.current?.querySelectorAll('button') ?? []);
      const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
      if (event.key === 'Escape') {
        onClose();
        if (back instanceof HTMLElement) back.focus({ preventScroll: true });
      } else if (event.key === 'ArrowDown') buttons[(at + 1) % buttons.length]?.focus();
      else if (event.key === 'ArrowUp') buttons.at(at - 1)?.focus();
      else return;
      event.preventDefault();
      event.stopPropagation();
    };
    document.addEventListener('pointerdown', onPress);
    document.addEventListener('keydown', onKey, true);
    window.addEventListener('wheel', onClose, { passive: true, once: true });
    return () => {
      document.removeEventListener('pointerdown', onPress);
      document.removeEventListener('keydown', onKey, true);
      window.removeEventListener('wheel', onClose);
    };
  }, [onClose]);
  const shown = visible(word.text.length > 60 ? `${word.text.slice(0, 60)}…` : word.text);
  const clause = `"${word.text.replace(/["\\]/g, '\\$&')}"`;
  const item = (icon: IconName, label: string, act: () => void) => (
    <button
      type="button"
      role="menuitem"
      onClick={() => {
        onClose();
        act();
      }}
    >
      <Icon name={icon} size={14} />
      {label}
    </button>
  );
  return (
    <div
      ref={panel}
      role="menu"
      aria-label={words.search.word.label(shown)}
      className={styles.menu}
      style={{
        left: Math.max(8, Math.min(word.x, window.innerWidth - WIDTH - 8)),
        top: word.y + HEIGHT > window.innerHeight ? word.y - HEIGHT : word.y + 10,
      }}
    >
      <p className="mono">{shown}</p>
      {item('plus', words.search.word.add, () => actions.search(clause, 'add'))}
      {item('minus', words.search.word.exclude, () => actions.search(`-${clause}`, 'add'))}
      {item('search', words.search.word.only, () => actions.search(clause, 'new'))}
      {item('copy', words.copy, () => copy(word.text))}
    </div>
  );
}
