// biome-ignore-all lint/a11y/useSemanticElements: a virtualised list cannot be made of table elements
// biome-ignore-all lint/a11y/useFocusableInteractive: focus roves over whole rows, not over their cells
import { clockText, fractionText, fullText, type Zone } from '../format/time.ts';
import { visible } from '../text/visible.ts';
import type { Words } from '../words/en.ts';
import { useWords } from '../words/words.tsx';
import type { EventMark } from './event-marks.ts';
import styles from './event-row.module.css';
import { MarkGlyph } from './mark-glyph.tsx';

/** What happened to a container, between the lines of its time. */
export function EventRow({ mark, zone, name }: { mark: EventMark; zone: Zone; name: string }) {
  const words = useWords();
  const { title, rest } = markText(mark, words);
  return (
    <div className={`${styles.mark} ${styles[mark.kind]}`} role="row" tabIndex={-1} data-key={name}>
      <span role="gridcell" className={styles.time}>
        <time title={fullText(mark.time, zone)}>
          {clockText(mark.time, zone)}
          <i>{fractionText(mark.time)}</i>
        </time>
      </span>
      <span role="gridcell" className={styles.what}>
        <MarkGlyph kind={mark.kind} />
        <b>{visible(title)}</b>
        {rest !== '' && <span> · {visible(rest)}</span>}
      </span>
    </div>
  );
}

/** `shop-order deployed 1.4.2` and `6 replicas · was 1.4.1`. */
export function markText(mark: EventMark, words: Words): { title: string; rest: string } {
  const text = words.search.marks;
  const name = mark.kind === 'deploy' ? mark.app : mark.names[0] || mark.app;
  const rest: string[] = [];
  if (mark.kind === 'deploy') {
    if (mark.names.length > 1) rest.push(text.replicas(mark.names.length));
    if (mark.previous !== '' && mark.previous !== mark.version) rest.push(text.was(mark.previous));
  } else if (mark.exitCode !== null) rest.push(text.exitCode(mark.exitCode));
  rest.push(mark.kind === 'deploy' ? mark.env : mark.host);
  return { title: text.title[mark.kind](name, mark.version), rest: rest.join(' · ') };
}
