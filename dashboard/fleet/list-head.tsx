import type { ReactNode, Ref } from 'react';
import { microseconds, shortText, type Zone } from '../format/time.ts';
import { Button, Field } from '../shell/controls.tsx';
import { Icon } from '../shell/icon.tsx';
import { useFleetWords } from '../words/fleet-words.ts';
import { useWords } from '../words/words.tsx';
import styles from './list.module.css';

/** The field above a list. It filters at once; the link follows. */
export function FilterField(props: {
  value: string;
  label: string;
  fields: readonly string[];
  field: Ref<HTMLInputElement>;
  onChange(text: string): void;
}) {
  const words = useFleetWords().fleet;
  return (
    <Field
      ref={props.field}
      type="search"
      className={styles.filter}
      value={props.value}
      placeholder={props.label}
      aria-label={props.label}
      title={words.fields(props.fields.join(', '))}
      autoComplete="off"
      spellCheck={false}
      onChange={(event) => props.onChange(event.target.value)}
      onKeyDown={(event) => {
        if (event.key === 'Escape') event.currentTarget.blur();
      }}
    />
  );
}

/** Kinds of rows with how many there are of each; several may be pressed, none shows all. */
export function Chips(props: {
  label: string;
  all: string;
  total: number;
  options: { id: string; text: string; count: number; alarm?: boolean }[];
  picks: readonly string[];
  onChange(picks: string[]): void;
}) {
  const { picks } = props;
  return (
    <fieldset className={styles.chips}>
      <legend className="sr">{props.label}</legend>
      <button type="button" aria-pressed={picks.length === 0} onClick={() => props.onChange([])}>
        {props.all} <small className="num">{props.total}</small>
      </button>
      {props.options.map((one) => (
        <button
          type="button"
          key={one.id}
          aria-pressed={picks.includes(one.id)}
          className={one.alarm === true && one.count > 0 ? styles.alarm : undefined}
          onClick={() =>
            props.onChange(picks.includes(one.id) ? picks.filter((pick) => pick !== one.id) : [...picks, one.id])
          }
        >
          {one.text} <small className="num">{one.count}</small>
        </button>
      ))}
    </fieldset>
  );
}

/** One line of fixed height above the rows: how many, since when nothing came, whether the order is held. */
export function ListStatus(props: {
  summary: string;
  /** ISO time of the last answer when the newest one failed, else null. */
  staleSince: string | null;
  waiting: boolean;
  zone: Zone;
  now: number;
  onAgain(): void;
  onOrder(): void;
  children?: ReactNode;
}) {
  const all = useWords();
  const words = useFleetWords().fleet;
  return (
    <div className={styles.status}>
      <span className="num" role="status">
        {props.summary}
      </span>
      {props.children}
      <span className="grow" />
      {props.staleSince !== null && (
        <span className={styles.stale} role="alert">
          <Icon name="warning" size={14} />
          {words.stale(shortText(microseconds(props.staleSince), props.zone, props.now))}
          <Button small look="ghost" icon="again" onClick={props.onAgain}>
            {all.tryAgain}
          </Button>
        </span>
      )}
      {props.waiting && (
        <span className={styles.held}>
          {words.held}
          <Button small look="ghost" icon="order" onClick={props.onOrder}>
            {words.order}
          </Button>
        </span>
      )}
      <span className={styles.keys}>{words.keys}</span>
    </div>
  );
}

/** Nothing to show: why, and what to do. */
export function Nothing({ title, hint, children }: { title: string; hint: string; children?: ReactNode }) {
  return (
    <div className={styles.nothing}>
      <h2>{title}</h2>
      <p>{hint}</p>
      {children}
    </div>
  );
}
