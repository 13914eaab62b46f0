import { type FormEvent, type ReactNode, useState } from 'react';
import { FormError } from '../pages/door.tsx';
import styles from '../pages/page.module.css';
import { Button } from '../shell/controls.tsx';
import { useWords } from '../words/words.tsx';

/** A form on the page: its fields, what the server refused, and two buttons. */
export function Sheet(props: {
  label: string;
  submit: string;
  pending: boolean;
  error: unknown;
  onSubmit(): void;
  onCancel(): void;
  children: ReactNode;
}) {
  const words = useWords();
  return (
    <form
      className={styles.form}
      aria-label={props.label}
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        props.onSubmit();
      }}
    >
      {props.children}
      <span className={styles.actions}>
        <Button look="primary" type="submit" disabled={props.pending}>
          {props.submit}
        </Button>
        <Button look="ghost" onClick={props.onCancel}>
          {words.cancel}
        </Button>
      </span>
      <FormError error={props.error} />
    </form>
  );
}

/** A button that opens a form in its place. */
export function Adder({ label, children }: { label: string; children(close: () => void): ReactNode }) {
  const [open, setOpen] = useState(false);
  if (open) return children(() => setOpen(false));
  return (
    <div className={styles.actions}>
      <Button icon="plus" onClick={() => setOpen(true)}>
        {label}
      </Button>
    </div>
  );
}
