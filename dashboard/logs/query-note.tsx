import { Icon } from '../shell/icon.tsx';
import { useWords } from '../words/words.tsx';
import styles from './query-box.module.css';
import type { QueryMistake } from './query-parser.ts';

/** Under the field: what cannot be read and where, with a hint and a query that mends it. */
export function QueryNote(props: { mistake: QueryMistake | null; onRun(text: string): void }) {
  const words = useWords().logs;
  const { mistake } = props;
  if (mistake === null) return <div id="query-note" />;
  return (
    <div className={styles.note} id="query-note" role="alert">
      <Icon name="warning" size={14} />
      {mistake.position !== null && <b className="num">{words.query.at(mistake.position.start + 1)}</b>}
      <span>{sentence(mistake.message)}</span>
      {mistake.hint !== undefined && <span className="dim">{mistake.hint}</span>}
      {mistake.mend !== null && (
        <button type="button" onClick={() => props.onRun(mistake.mend!)}>
          {words.query.searchAsText}
        </button>
      )}
    </div>
  );
}

/** `cannot read the query: a quote is opened and not closed` → `A quote is opened and not closed.` */
function sentence(message: string): string {
  const text = message.replace(/^cannot read the query: /, '');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
}
