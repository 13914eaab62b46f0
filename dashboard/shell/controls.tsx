import { type ButtonHTMLAttributes, type InputHTMLAttributes, type ReactNode, type RefAttributes, useId } from 'react';
import styles from './controls.module.css';
import { Icon, type IconName } from './icon.tsx';

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  icon?: IconName;
  /** Accessible name of a button that shows only its icon; also its tool tip. */
  label?: string;
  small?: boolean;
  look?: 'ghost' | 'primary' | 'danger';
  /** Key that does the same, printed beside the words. */
  hotkey?: string;
}

export function Button({ icon, label, small, look, hotkey, children, className, ...rest }: ButtonProps) {
  const classes = [styles.btn, className];
  if (small) classes.push(styles.small);
  if (look === 'danger') classes.push(styles.ghost, styles.danger);
  else if (look !== undefined) classes.push(styles[look]);
  if (children === undefined) classes.push(styles.icon);
  return (
    <button type="button" aria-label={label} title={label} {...rest} className={classes.filter(Boolean).join(' ')}>
      {icon !== undefined && <Icon name={icon} />}
      {children}
      {hotkey !== undefined && <Key name={hotkey} />}
    </button>
  );
}

/** A printed key; the accessible name of what it belongs to does not hold it. */
export function Key({ name }: { name: string }) {
  return (
    <span aria-hidden="true">
      <kbd>{name}</kbd>
    </span>
  );
}

/** One of a few, as pressed buttons in a row. */
export function Segments<T extends string>(props: {
  label: string;
  value: T;
  options: { value: T; text: ReactNode; extra?: string }[];
  onChange(value: T): void;
}) {
  return (
    <fieldset className={styles.seg}>
      <legend className="sr">{props.label}</legend>
      {props.options.map((option) => (
        <button
          type="button"
          key={option.value}
          aria-pressed={option.value === props.value}
          onClick={() => props.onChange(option.value)}
        >
          {option.text}
          {option.extra !== undefined && <small className="num">{option.extra}</small>}
        </button>
      ))}
    </fieldset>
  );
}

export function Field({ className, ...rest }: InputHTMLAttributes<HTMLInputElement> & RefAttributes<HTMLInputElement>) {
  return <input {...rest} className={[styles.field, className].filter(Boolean).join(' ')} />;
}

/** A field under (or beside) its words. */
export function Labelled({
  label,
  hint,
  ...rest
}: InputHTMLAttributes<HTMLInputElement> & { label: string; hint?: string }) {
  const id = useId();
  return (
    <div className={styles.labelled}>
      <label htmlFor={id}>{label}</label>
      <Field {...rest} id={id} aria-describedby={hint === undefined ? undefined : `${id} hint`} />
      {hint !== undefined && <small id={`${id} hint`}>{hint}</small>}
    </div>
  );
}

/** One of a few, as a list that opens. */
export function Choice<T extends string>(props: {
  label: string;
  value: T;
  options: { value: T; text: string }[];
  onChange(value: T): void;
}) {
  const id = useId();
  return (
    <div className={styles.labelled}>
      <label htmlFor={id}>{props.label}</label>
      <select
        id={id}
        className={styles.field}
        value={props.value}
        onChange={(event) => {
          const chosen = props.options.find((option) => option.value === event.target.value);
          if (chosen !== undefined) props.onChange(chosen.value);
        }}
      >
        {props.options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.text}
          </option>
        ))}
      </select>
    </div>
  );
}

export function Tag({ look, children, title }: { look?: 'warn' | 'bad'; children: ReactNode; title?: string }) {
  return (
    <span className={look === undefined ? styles.tag : `${styles.tag} ${styles[look]}`} title={title}>
      {children}
    </span>
  );
}
