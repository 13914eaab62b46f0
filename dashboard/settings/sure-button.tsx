import { useEffect, useState } from 'react';
import { Button } from '../shell/controls.tsx';
import { useWords } from '../words/words.tsx';

/** A removal takes two presses within four seconds, without a dialog in between. */
export function SureButton({ label, onSure }: { label: string; onSure(): void }) {
  const words = useWords().settings;
  const [asked, setAsked] = useState(false);
  useEffect(() => {
    if (!asked) return;
    const timer = setTimeout(() => setAsked(false), 4000);
    return () => clearTimeout(timer);
  }, [asked]);
  return (
    <Button
      small
      look="danger"
      icon="trash"
      aria-label={asked ? `${label}: ${words.sure}` : label}
      onClick={() => (asked ? onSure() : setAsked(true))}
    >
      {asked ? words.sure : undefined}
    </Button>
  );
}
