import { useState } from 'react';
import type { ApiGap } from '../../api/contract.ts';
import { LEVELS } from '../../model/level.ts';
import { count } from '../format/number.ts';
import { Icon } from '../shell/icon.tsx';
import { visible } from '../text/visible.ts';
import { useWords } from '../words/words.tsx';
import { FACET_FIELDS, type FacetField, type FacetView } from './data.ts';
import styles from './facets.module.css';
import { valueState } from './query-edit.ts';
import { gapSpan } from './sentences.ts';

interface FacetsProps {
  view: FacetView;
  query: string;
  gaps: ApiGap[];
  onToggle(field: string, value: string): void;
  onOnly(field: string, value: string): void;
  onExclude(field: string, value: string): void;
}

const SHOWN = 6;

/** Values of the result with their share. A tick is "only these", a struck value is "not"; every press changes the query text. */
export function Facets(props: FacetsProps) {
  const words = useWords().logs.facets;
  return (
    <aside className={props.view.old ? `${styles.facets} ${styles.old}` : styles.facets} aria-label={words.label}>
      {FACET_FIELDS.map((field) => (
        <FacetSection key={field} {...props} field={field} />
      ))}
    </aside>
  );
}

function FacetSection(props: FacetsProps & { field: FacetField }) {
  const { field, view, query } = props;
  const words = useWords().logs.facets;
  const [open, setOpen] = useState(true);
  const [all, setAll] = useState(false);
  const values = arrange(field, view.values[field] ?? [], query, props.gaps);
  const picked = values.filter((value) => value.state === 'in').length;
  const most = values.reduce((max, value) => Math.max(max, value.count), 1);
  // What is chosen stays in sight even when it is rare.
  const shown = all ? values : values.filter((value, index) => index < SHOWN || value.state !== null);
  if (values.length === 0 && view.values[field] !== undefined) return null;
  return (
    <section>
      <button type="button" className={styles.head} aria-expanded={open} onClick={() => setOpen(!open)}>
        <Icon name="caret" size={12} />
        {words[field]}
        <small className="num">{picked > 0 ? `${picked} / ${values.length}` : values.length || ''}</small>
      </button>
      {open &&
        shown.map((value) => <FacetValue key={value.value} {...props} entry={value} share={value.count / most} />)}
      {open && values.length > shown.length && (
        <button type="button" className={styles.more} onClick={() => setAll(true)}>
          {words.more(values.length - shown.length)}
        </button>
      )}
      {open && all && values.length > SHOWN && (
        <button type="button" className={styles.more} onClick={() => setAll(false)}>
          {words.fewer}
        </button>
      )}
    </section>
  );
}

interface Entry {
  /** As in the API; `''` stands for lines without a level. */
  value: string;
  count: number;
  state: 'in' | 'out' | null;
  gap: ApiGap | null;
}

function FacetValue(props: FacetsProps & { field: FacetField; entry: Entry; share: number }) {
  const { field, entry } = props;
  const words = useWords();
  const text = words.logs.facets;
  const name = entry.value === '' ? text.none : visible(entry.value);
  return (
    <div
      className={[styles.value, entry.state === 'in' && styles.in, entry.state === 'out' && styles.out]
        .filter(Boolean)
        .join(' ')}
    >
      <span className={styles.share} style={{ width: `${Math.max(entry.count > 0 ? 1 : 0, props.share * 100)}%` }} />
      <button
        type="button"
        className={styles.pick}
        aria-pressed={entry.state === 'in' ? true : entry.state === 'out' ? 'mixed' : false}
        aria-label={text.toggle(name, words.logs.lines(entry.count))}
        title={name}
        onClick={(event) => (event.altKey ? props.onExclude(field, entry.value) : props.onToggle(field, entry.value))}
      >
        <span className={styles.box}>
          {entry.state === 'in' && <Icon name="check" size={11} />}
          {entry.state === 'out' && <Icon name="minus" size={11} />}
        </span>
        {field === 'level' && <i className={`${styles.swatch} ${styles[entry.value || 'none']}`} />}
        <span className={styles.name}>{name}</span>
        {entry.gap !== null && entry.count === 0 ? (
          <span className={styles.gap}>{text.gap(gapSpan(entry.gap, words))}</span>
        ) : (
          <span className={`${styles.count} num`}>{entry.state === 'out' ? '' : count(entry.count)}</span>
        )}
      </button>
      <span className={styles.acts}>
        <button type="button" aria-label={text.onlyValue(name)} onClick={() => props.onOnly(field, entry.value)}>
          {text.only}
        </button>
        <button type="button" aria-label={text.exclude(name)} onClick={() => props.onExclude(field, entry.value)}>
          −
        </button>
      </span>
    </div>
  );
}

/** Levels by severity, the rest by count; hosts that are silent are listed with their gap, not missing. */
function arrange(field: FacetField, found: { value: string; count: number }[], query: string, gaps: ApiGap[]): Entry[] {
  const entries = found.map((one): Entry => {
    const value = field === 'level' && one.value === 'none' ? '' : one.value;
    return { value, count: one.count, state: valueState(query, field, value), gap: null };
  });
  if (field === 'level') {
    const rank = (value: string) => (LEVELS as readonly string[]).indexOf(value);
    return entries.sort((a, b) => rank(b.value) - rank(a.value));
  }
  if (field === 'host') {
    for (const gap of gaps) {
      if (entries.some((entry) => entry.value === gap.host)) continue;
      entries.push({ value: gap.host, count: 0, state: valueState(query, field, gap.host), gap });
    }
  }
  return entries;
}
