import { useId, useState } from 'react';
import type { ApiGap } from '../../api/contract.ts';
import { share } from '../format/number.ts';
import type { Range } from '../format/range.ts';
import { visible } from '../text/visible.ts';
import { useWords } from '../words/words.tsx';
import { FACET_FIELDS, type FacetView } from './data.ts';
import { FacetSection } from './facet-section.tsx';
import styles from './facets.module.css';
import { useFieldNames } from './use-field-names.ts';

/** Names offered at once; a letter more narrows them. */
const OFFERED = 60;
/** Widths of the bars shown before the values, %. */
const PLACEHOLDERS = [30, 82, 64, 74, 40, 0, 34, 88, 70, 58, 76, 0, 28, 60, 48];

export interface FacetsProps {
  view: FacetView;
  query: string;
  range: Range;
  gaps: ApiGap[];
  /** Fields of lines that have a section, and those seen in the lines so far, the most frequent first. */
  chosen: readonly string[];
  seen: string[];
  onChosen(fields: string[]): void;
  onToggle(field: string, value: string): void;
  onOnly(field: string, value: string): void;
  onExclude(field: string, value: string): void;
  /** Values of a field that hold a text, of the whole result. */
  onFind(field: string, text: string): Promise<{ value: string; count: number }[]>;
}

/** Values of the result with their share. A tick is "only these", a struck value is "not"; every press changes the query text. */
export function Facets(props: FacetsProps) {
  const words = useWords().logs.facets;
  // Sections come all at once: one after the other they would push each other down.
  if (props.view.error === null && FACET_FIELDS.every((field) => props.view.values[field] === undefined))
    return (
      <aside className={styles.facets} aria-label={words.label} aria-busy="true">
        {PLACEHOLDERS.map((width, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the bars have no identity
          <span key={index} className={styles.placeholder} style={{ width: `${width}%` }} />
        ))}
      </aside>
    );
  return (
    <aside className={props.view.old ? `${styles.facets} ${styles.old}` : styles.facets} aria-label={words.label}>
      {[...FACET_FIELDS, ...props.chosen].map((field) => (
        <FacetSection
          key={field}
          {...props}
          field={field}
          onRemove={
            props.chosen.includes(field) ? () => props.onChosen(props.chosen.filter((one) => one !== field)) : undefined
          }
        />
      ))}
      <AddField {...props} />
    </aside>
  );
}

/** Any field found in lines gets a section by its name. */
function AddField({ chosen, seen, query, range, onChosen }: FacetsProps) {
  const all = useWords().search;
  const words = all.facets;
  const id = useId();
  const [name, setName] = useState('');
  const [wanted, setWanted] = useState(false);
  const fields = useFieldNames(query, range, seen, wanted);
  const known: readonly string[] = [...FACET_FIELDS, ...chosen];
  const add = (text: string) => {
    const field = text.trim();
    setName('');
    if (field !== '' && !known.includes(field)) onChosen([...chosen, field]);
  };
  return (
    <form
      className={styles.add}
      onSubmit={(event) => {
        event.preventDefault();
        add(name);
      }}
    >
      <input
        value={name}
        list={id}
        aria-label={words.add}
        placeholder={words.add}
        spellCheck={false}
        autoComplete="off"
        onFocus={() => setWanted(true)}
        onChange={(event) => {
          // A choice from the list is the whole name at once; typing comes letter by letter.
          const { value } = event.target;
          const typed = 'inputType' in event.nativeEvent && event.nativeEvent.inputType !== 'insertReplacementText';
          if (!typed && fields.some((one) => one.name === value)) add(value);
          else setName(value);
        }}
      />
      <datalist id={id}>
        {fields
          .filter((field) => !known.includes(field.name) && field.name.toLowerCase().includes(name.toLowerCase()))
          .slice(0, OFFERED)
          .map((field) => (
            <option key={field.name} value={field.name}>
              {field.kind === null || field.share === null
                ? visible(field.name)
                : all.fields.found(all.fields.kinds[field.kind], share(field.share))}
            </option>
          ))}
      </datalist>
    </form>
  );
}
