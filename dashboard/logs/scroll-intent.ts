import { type KeyboardEvent, type PointerEvent, useMemo, useRef, type WheelEvent } from 'react';

/** A scroll this long after a gesture is still its effect (momentum renews itself by more wheel events). */
const EFFECT_MS = 500;

/**
 * Whether a scroll upwards is the reader's. A scroll event alone does not say: growing, trimmed and newly measured content moves the same offsets.
 */
export function useScrollIntent() {
  const last = useRef(Number.NEGATIVE_INFINITY);
  const dragging = useRef(false);
  return useMemo(() => {
    const now = () => {
      last.current = performance.now();
    };
    return {
      recent: () => dragging.current || performance.now() - last.current < EFFECT_MS,
      handlers: {
        onWheel: (event: WheelEvent) => event.deltaY < 0 && now(),
        onTouchMove: now,
        onKeyDown: (event: KeyboardEvent) => ['ArrowUp', 'PageUp', 'Home', ' '].includes(event.key) && now(),
        // Pressed on the list itself and on no row: the scroll bar.
        onPointerDown: (event: PointerEvent) => {
          dragging.current = event.target === event.currentTarget;
        },
        onPointerUp: () => {
          dragging.current = false;
        },
      },
    };
  }, []);
}
