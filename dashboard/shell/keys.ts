import { useEffect, useRef } from 'react';

/** Key → what it does; `g g` is two keys within a second. A handler that returns false leaves the key to the browser. */
export type KeyMap = Record<string, (event: KeyboardEvent) => unknown>;

/** Keys of a page while no text is being typed; `Esc` also works in fields. */
export function useKeys(map: KeyMap): void {
  const latest = useRef(map);
  latest.current = map;
  const lead = useRef<{ key: string; at: number } | null>(null);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
      const name = event.key === 'Escape' ? 'Esc' : event.key;
      if (isTyping(event.target) && name !== 'Esc') return;
      if (isControl(event.target) && (name === 'Enter' || name === ' ')) return;
      const before = lead.current;
      lead.current = null;
      const pair = before !== null && event.timeStamp - before.at < 1000 ? `${before.key} ${name}` : null;
      // The second key of a pair never means its single self: `g c` goes to a page, it does not open a context.
      const handler = latest.current[pair ?? name];
      if (handler === undefined) {
        if (Object.keys(latest.current).some((key) => key.startsWith(`${name} `)))
          lead.current = { key: name, at: event.timeStamp };
        return;
      }
      if (handler(event) !== false) event.preventDefault();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return (
    target.isContentEditable ||
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement ||
    (target instanceof HTMLInputElement && !['checkbox', 'radio', 'button'].includes(target.type))
  );
}

function isControl(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('button, a[href], summary') !== null;
}
