import { count, share } from '../format/number.ts';
import { visible } from '../text/visible.ts';
import { useWords } from '../words/words.tsx';
import styles from './query-box.module.css';
import type { Offer } from './use-completion.ts';

/** Fields, values with counts, and former queries below the query field. The keys stay with the field. */
export function OfferList(props: {
  offer: Offer | null;
  recent: string[];
  /** Index over choices and then recent queries; −1 none. */
  at: number;
  onChoose(index: number): void;
  onForget(): void;
}) {
  const words = useWords();
  const text = words.logs.query;
  const { offer, recent, at } = props;
  const choices = offer?.choices ?? [];
  const most = choices.reduce((max, one) => Math.max(max, one.count ?? 0), 1);
  const shares = choices.some((one) => one.share != null);
  const field = offer?.completion.kind === 'value' ? offer.completion.field : null;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keeps the focus in the field while the list is pressed
    <div className={styles.recent} onMouseDown={(event) => event.preventDefault()}>
      <div role="listbox" id="query-offers" aria-label={words.search.query.offers} className={styles.list}>
        {offer !== null && (
          // biome-ignore lint/a11y/useSemanticElements: options are grouped, nothing is filled in here
          <div role="group" aria-label={field === null ? words.search.query.fields : words.search.query.values(field)}>
            <p className={styles.title} aria-hidden="true">
              {field === null ? words.search.query.fields : words.search.query.values(field)}
              <small>{field === null ? shares && words.search.query.share : words.search.query.lines}</small>
            </p>
            {offer.waiting && <p className={styles.title}>{words.loading}…</p>}
            {choices.map((one, index) => (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the combobox moves through the list by arrows
              // biome-ignore lint/a11y/useFocusableInteractive: focus stays in the field, aria-activedescendant points here
              <div
                key={one.insert}
                id={`query-offer-${index}`}
                role="option"
                aria-selected={index === at}
                className={styles.choice}
                onClick={() => props.onChoose(index)}
              >
                <b>{visible(one.shown)}</b>
                {one.hint !== undefined && <span>{one.hint}</span>}
                {one.hint === undefined && one.count !== null && (
                  <i aria-hidden="true">
                    <em style={{ width: `${(one.count / most) * 100}%` }} />
                  </i>
                )}
                {one.kind != null && <span>{words.search.fields.kinds[one.kind]}</span>}
                {one.share != null && <small className="num">{share(one.share)}</small>}
                {one.count !== null && <small className="num">{count(one.count)}</small>}
              </div>
            ))}
          </div>
        )}
        {recent.length > 0 && (
          // biome-ignore lint/a11y/useSemanticElements: options are grouped, nothing is filled in here
          <div role="group" aria-label={text.recent}>
            <p className={styles.title} aria-hidden="true">
              {text.recent}
            </p>
            {recent.map((query, index) => (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the combobox moves through the list by arrows
              // biome-ignore lint/a11y/useFocusableInteractive: focus stays in the field, aria-activedescendant points here
              <div
                key={query}
                id={`query-offer-${choices.length + index}`}
                role="option"
                aria-selected={choices.length + index === at}
                onClick={() => props.onChoose(choices.length + index)}
              >
                {query}
              </div>
            ))}
          </div>
        )}
      </div>
      <footer>
        <span>
          <kbd>↑</kbd> <kbd>↓</kbd> {words.search.query.choose}
        </span>
        {choices.length > 0 && (
          <span>
            <kbd>Tab</kbd> {words.search.query.insert}
          </span>
        )}
        <span>
          <kbd>↵</kbd> {text.run}
        </span>
        <span className="grow" />
        {recent.length > 0 && (
          <button type="button" tabIndex={-1} onClick={props.onForget}>
            {text.forget}
          </button>
        )}
      </footer>
    </div>
  );
}
