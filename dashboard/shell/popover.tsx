import { type ReactNode, useEffect, useLayoutEffect, useRef } from 'react';
import styles from './popover.module.css';

/** A panel under the control that opened it. Esc and a press outside close it; focus goes back to the control. */
export function Popover(props: {
  open: boolean;
  onClose(): void;
  control: ReactNode;
  label: string;
  side?: 'left' | 'right';
  /** Placed by the window and not by its neighbours: for controls in a bar that cuts what leaves it. */
  fixed?: boolean;
  className?: string;
  children: ReactNode;
}) {
  const anchor = useRef<HTMLSpanElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const { open, fixed } = props;
  useLayoutEffect(() => {
    const box = panel.current;
    const at = anchor.current?.getBoundingClientRect();
    if (!open || !fixed || box === null || at === undefined) return;
    box.style.position = 'fixed';
    box.style.top = `${at.bottom + 6}px`;
    box.style.right = `${Math.max(8, window.innerWidth - at.right)}px`;
  }, [open, fixed]);
  const close = useRef(props.onClose);
  close.current = props.onClose;
  useEffect(() => {
    if (!props.open) return;
    const back = document.activeElement;
    const onPress = (event: PointerEvent) => {
      if (!anchor.current?.contains(event.target as Node)) close.current();
    };
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || event.isComposing) return;
      event.preventDefault();
      event.stopPropagation();
      close.current();
      if (back instanceof HTMLElement) back.focus();
    };
    document.addEventListener('pointerdown', onPress);
    document.addEventListener('keydown', onKey, true);
    return () => {
      document.removeEventListener('pointerdown', onPress);
      document.removeEventListener('keydown', onKey, true);
    };
  }, [props.open]);
  return (
    <span className={styles.anchor} ref={anchor}>
      {props.control}
      {props.open && (
        <div
          ref={panel}
          role="dialog"
          aria-label={props.label}
          className={[styles.pop, props.side === 'left' ? styles.left : styles.right, props.className]
            .filter(Boolean)
            .join(' ')}
        >
          {props.children}
        </div>
      )}
    </span>
  );
}
