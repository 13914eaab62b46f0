import type { LogsAnswer } from '../../api/contract.ts';
import { microseconds, shortText } from '../format/time.ts';
import { Button } from '../shell/controls.tsx';
import { Icon } from '../shell/icon.tsx';
import { useKeys } from '../shell/keys.ts';
import { visible } from '../text/visible.ts';
import styles from './empty.module.css';
import { type ExplainContext, type Explanation, explain, mendAll } from './explanations.ts';

interface EmptyProps {
  answer: LogsAnswer;
  /** `in the last 1 h`. */
  rangePhrase: string;
  context: ExplainContext;
  onApply(explanation: Explanation): void;
  onMendAll(query: string): void;
}

const ICONS = { slip: 'warning', time: 'clock', host: 'host' } as const;

/** No rows: what was read, causes by likelihood with a fix each, and what is not the cause. */
export function Empty({ answer, rangePhrase, context, onApply, onMendAll }: EmptyProps) {
  const words = context.words.logs.empty;
  const list = explain(answer.notes, answer.gaps, context);
  const lines = answer.notes.find((note) => note.code === 'lines_in_range')?.count;
  const actions = list.filter((one) => one.action !== null);
  const mended = mendAll(list, context.query);
  const slips = list.filter((one) => one.mend !== undefined).length;
  useKeys({
    ...Object.fromEntries(actions.map((one, index) => [String(index + 1), () => onApply(one)])),
    Enter: () => (mended === null ? false : onMendAll(mended)),
  });
  const known = [
    typeof lines === 'number' ? (lines === 0 ? words.readNone : words.read(context.words.logs.lines(lines))) : null,
    answer.completeTo === null
      ? null
      : words.completeTo(shortText(microseconds(answer.completeTo), context.zone, context.nowUs)),
    answer.gaps.length === 0 ? null : words.withGaps(answer.gaps.length),
  ].filter((part) => part !== null);
  const innocent = [
    answer.notes.some((note) => note.code === 'range_outside_retention') ? null : words.notRetention,
    answer.gaps.length > 0 ? null : words.notGaps,
    words.notLimit,
  ].filter((part) => part !== null);
  const comma = context.words.nav.logs === 'Logs' ? ', ' : '、';
  return (
    <div className={styles.why}>
      <div className={styles.inner}>
        <h1>{context.query.trim() === '' ? words.titleAll(rangePhrase) : words.title(rangePhrase)}</h1>
        <p className={`${styles.lead} num`}>
          {known.length > 0 && `${known.join(comma === ', ' ? ', ' : '，')}${comma === ', ' ? '.' : '。'}`}
        </p>
        {mended !== null && (
          <p className={styles.all}>
            {context.words.search.empty.slips(slips)}
            <Button look="primary" hotkey="↵" onClick={() => onMendAll(mended)}>
              {context.words.search.empty.mendAll(slips)}
            </Button>
          </p>
        )}
        <ol>
          {list.map((one) => (
            <li key={one.key}>
              <span className={one.look === 'slip' ? `${styles.icon} ${styles.slip}` : styles.icon}>
                <Icon name={ICONS[one.look]} />
              </span>
              <div>
                <h2>{visible(one.title)}</h2>
                <p>{visible(one.text)}</p>
              </div>
              {one.action !== null && (
                <Button hotkey={String(actions.indexOf(one) + 1)} onClick={() => onApply(one)}>
                  {visible(one.action.label)}
                </Button>
              )}
            </li>
          ))}
        </ol>
        <p className={styles.foot}>
          {words.notCause(innocent.join(comma))}{' '}
          {answer.notes.some((note) => note.code === 'explanation_cut') && words.cut}
        </p>
      </div>
    </div>
  );
}
