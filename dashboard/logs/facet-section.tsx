import { useEffect, useState } from 'react';
import type { ApiGap } from '../../api/contract.ts';
import { LEVELS } from '../../model/level.ts';
import { count } from '../format/number.ts';
import { Icon } from '../shell/icon.tsx';
import { visible } from '../text/visible.ts';
import { useWords } from '../words/words.tsx';
import { FACET_FIELDS } from './data.ts';
import styles from './facets.module.css';
import type { FacetsProps } from './facets.tsx';
import { valueState } from './query-edit.ts';
import { gapSpan } from './sentences.ts';

const SHOWN = 6;
/** Below this many values looking for one is done faster by eye. */
const SEARCHED = 10;
const REST_MS = 250;

type Found = { value: string; count: number };

/** One field: its values, the most frequent first, a field to search in them when they are many. */
export function FacetSection(props: FacetsProps & { field: string; onRemove?: () => void }) {
  const { field, view, query } = props;
  const all = useWords();
  const words = all.logs.facets;
  const [open, setOpen] = useState(field !== 'container');
  const [whole, setWhole] = useState(false);
  const [find, setFind] = useState('');
  const asked = view.values[field];
  const found = useFound(props, find);
  const values = arrange(field, find === '' ? (asked ?? []) : found, query, find === '' ? props.gaps : []);
  const picked = values.filter((value) => value.state === 'in').length;
  const most = values.reduce((max, value) => Math.max(max, value.count), 1);
  // What is chosen stays in sight even when it is rare.
  const shown = whole || find !== '' ? values : values.filter((value, index) => index < SHOWN || value.state !== null);
  if (asked !== undefined && asked.length === 0 && props.onRemove === undefined) return null;
  const known = FACET_FIELDS.find((one) => one === field);
  const name = known === undefined ? visible(field) : words[known];
  return (
    <section aria-label={name}>
      <div className={styles.headRow}>
        <button type="button" className={styles.head} aria-expanded={open} onClick={() => setOpen(!open)}>
          <Icon name="caret" size={12} />
          <span>{name}</span>
          <small className="num">{picked > 0 ? `${picked} / ${values.length}` : asked?.length || ''}</small>
        </button>
        {props.onRemove !== undefined && (
          <button
            type="button"
            className={styles.remove}
            aria-label={all.search.facets.remove(name)}
            onClick={props.onRemove}
          >
            <Icon name="close" size={12} />
          </button>
        )}
      </div>
      {open && (asked?.length ?? 0) > SEARCHED && (whole || find !== '') && (
        <input
          className={styles.find}
          value={find}
          aria-label={all.search.facets.find(name)}
          placeholder={all.search.facets.findShort}
          spellCheck={false}
          // biome-ignore lint/a11y/noAutofocus: the reader has just asked for it
          autoFocus
          onChange={(event) => setFind(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Escape') return;
            event.stopPropagation();
            event.preventDefault();
            if (find === '') event.currentTarget.blur();
            setFind('');
          }}
        />
      )}
      {open &&
        shown.map((value) => <FacetValue key={value.value} {...props} entry={value} share={value.count / most} />)}
      {open && asked !== undefined && values.length === 0 && (
        <p className={styles.empty}>{find === '' ? words.empty : all.search.facets.none}</p>
      )}
      {open && find === '' && values.length > shown.length && (
        <button type="button" className={styles.more} onClick={() => setWhole(true)}>
          {values.length > SEARCHED
            ? all.search.facets.moreSearch(values.length - shown.length)
            : words.more(values.length - shown.length)}
        </button>
      )}
      {open && whole && values.length > SHOWN && (
        <button
          type="button"
          className={styles.more}
          onClick={() => {
            setWhole(false);
            setFind('');
          }}
        >
          {words.fewer}
        </button>
      )}
    </section>
  );
}

/** Values that hold the text: at once of those that are here, then of the whole result. */
function useFound(props: FacetsProps & { field: string }, find: string): Found[] {
  const { field, onFind, view } = props;
  const [far, setFar] = useState<{ text: string; values: Found[] } | null>(null);
  useEffect(() => {
    if (find === '') return;
    let gone = false;
    const timer = setTimeout(() => {
      onFind(field, find).then(
        (values) => !gone && setFar({ text: find, values }),
        // What is here already is shown.
        () => {},
      );
    }, REST_MS);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [field, find, onFind]);
  if (far !== null && far.text === find) return far.values;
  const needle = find.toLowerCase();
  return (view.values[field] ?? []).filter((one) => one.value.toLowerCase().includes(needle));
}

interface Entry {
  /** As in the API; `''` stands for lines without a level. */
  value: string;
  count: number;
  state: 'in' | 'out' | null;
  gap: ApiGap | null;
}

function FacetValue(props: FacetsProps & { field: string; entry: Entry; share: number }) {
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
        title={name}
        onClick={(event) => (event.altKey ? props.onExclude(field, entry.value) : props.onToggle(field, entry.value))}
      >
        <span className={styles.box}>
          {entry.state === 'in' && <Icon name="check" size={11} />}
          {entry.state === 'out' && <Icon name="minus" size={11} />}
        </span>
        {field === 'level' && <i className={`${styles.swatch} ${styles[entry.value || 'none']}`} />}
        <span className={styles.name}>{name}</span>
        <span className="sr">{words.logs.lines(entry.count)}</span>
        {entry.gap !== null && entry.count === 0 ? (
          <span className={styles.gap}>{text.gap(gapSpan(entry.gap, words))}</span>
        ) : (
          <span className={`${styles.count} num`} aria-hidden="true">
            {entry.state === 'out' ? '' : count(entry.count)}
          </span>
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
function arrange(field: string, found: Found[], query: string, gaps: ApiGap[]): Entry[] {
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
