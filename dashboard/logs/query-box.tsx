import { type KeyboardEvent, type Ref, useEffect, useImperativeHandle, useRef, useState } from 'react';
import { Button, Key } from '../shell/controls.tsx';
import { Icon } from '../shell/icon.tsx';
import { useMedia } from '../shell/media.ts';
import { useWords } from '../words/words.tsx';
import styles from './query-box.module.css';
import { QueryNote } from './query-note.tsx';
import type { QueryMistake, QueryParser, QuerySlip } from './query-parser.ts';
import { QueryTwin } from './query-twin.tsx';
import { forgetQueries, recentQueries } from './recent.ts';

export interface QueryBoxHandle {
  focus(): void;
}

interface QueryBoxProps {
  /** The query that was run; the field starts from it. */
  value: string;
  parser: QueryParser | null;
  /** What the server refused about `value`. */
  refused: QueryMistake | null;
  running: boolean;
  /** The query found nothing: what was read as a field may have been meant as text. */
  empty: boolean;
  onRun(text: string): void;
  onStop(): void;
  handle: Ref<QueryBoxHandle>;
}

/** A mistake shows only when the typist rests, for half a word is always a mistake. */
const REST_MS = 700;

/** One text field. A twin below it carries tints and wavy lines; the field itself stays plain text, so input methods and undo just work. */
export function QueryBox(props: QueryBoxProps) {
  const words = useWords().logs.query;
  const narrow = useMedia('(max-width: 720px)');
  const area = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState(props.value);
  const [rested, setRested] = useState(true);
  const [picking, setPicking] = useState<{ list: string[]; at: number } | null>(null);
  useEffect(() => setText(props.value), [props.value]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: every key starts the rest anew
  useEffect(() => {
    if (rested) return;
    const timer = setTimeout(() => setRested(true), REST_MS);
    return () => clearTimeout(timer);
  }, [rested, text]);
  useImperativeHandle(props.handle, () => ({
    focus() {
      area.current?.focus();
      area.current?.select();
    },
  }));

  const { mistake, slips } = judge(text, rested, props);
  const run = (next: string) => {
    setPicking(null);
    setText(next);
    setRested(true);
    if (props.parser?.read(next).mistake) return;
    props.onRun(next);
  };
  const openRecent = () => {
    const list = recentQueries().filter((one) => one !== text);
    if (list.length > 0) setPicking({ list, at: -1 });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // Enter that ends a composition (229 on browsers that report it late) chooses a character, nothing more.
    if (event.nativeEvent.isComposing || event.keyCode === 229) return;
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      run(picking !== null && picking.at >= 0 ? picking.list[picking.at] : text);
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      if (picking === null) {
        if (event.key === 'ArrowDown' && !text.includes('\n')) openRecent();
        return;
      }
      event.preventDefault();
      const move = event.key === 'ArrowDown' ? 1 : -1;
      setPicking({ ...picking, at: Math.max(-1, Math.min(picking.list.length - 1, picking.at + move)) });
    } else if (event.key === 'Escape') {
      event.preventDefault();
      if (picking !== null) setPicking(null);
      else if (props.running) props.onStop();
      else area.current?.blur();
    }
  };

  return (
    <search className={styles.box}>
      <div className={styles.query}>
        <span className={styles.lens}>
          <Icon name="search" />
        </span>
        <div className={styles.stack}>
          <QueryTwin text={text} bad={mistake?.position ?? null} slips={slips} />
          <textarea
            ref={area}
            className={`${styles.text} ${styles.area}`}
            rows={1}
            value={text}
            spellCheck={false}
            autoCapitalize="off"
            autoCorrect="off"
            autoComplete="off"
            enterKeyHint="search"
            aria-label={words.label}
            aria-invalid={mistake !== null}
            aria-describedby="query-note"
            aria-expanded={picking !== null}
            aria-controls={picking === null ? undefined : 'query-recent'}
            aria-activedescendant={picking !== null && picking.at >= 0 ? `query-recent-${picking.at}` : undefined}
            role="combobox"
            placeholder={narrow ? words.placeholderShort : words.placeholder}
            onChange={(event) => {
              setText(event.target.value);
              setRested(false);
              setPicking(null);
            }}
            onKeyDown={onKeyDown}
            onFocus={() => text === '' && openRecent()}
            onBlur={() => setPicking(null)}
          />
        </div>
        <span className={styles.tools}>
          {props.running ? (
            <Button small look="ghost" hotkey="Esc" onClick={props.onStop}>
              {words.stop}
            </Button>
          ) : (
            text !== '' && <Button small look="ghost" icon="close" label={words.clear} onClick={() => run('')} />
          )}
          {text === '' && !props.running && <Key name="/" />}
        </span>
        {props.running && <span className={styles.progress} role="progressbar" aria-label={words.running} />}
      </div>
      <QueryNote mistake={mistake} onRun={run} />
      {picking !== null && (
        <RecentList
          picking={picking}
          onRun={run}
          onForget={() => {
            forgetQueries();
            setPicking(null);
          }}
        />
      )}
    </search>
  );
}

function judge(
  text: string,
  rested: boolean,
  props: QueryBoxProps,
): { mistake: QueryMistake | null; slips: QuerySlip[] } {
  if (props.parser !== null) {
    const read = props.parser.read(text);
    if (read.mistake !== null) return { mistake: rested ? read.mistake : null, slips: [] };
    if (text !== props.value || props.refused === null)
      return { mistake: null, slips: props.empty && text === props.value ? read.slips : [] };
  }
  return { mistake: text === props.value ? props.refused : null, slips: [] };
}

function RecentList(props: { picking: { list: string[]; at: number }; onRun(text: string): void; onForget(): void }) {
  const words = useWords().logs.query;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keeps the focus in the field while the list is pressed
    <div className={styles.recent} onMouseDown={(event) => event.preventDefault()}>
      <header>
        {words.recent}
        <button type="button" onClick={props.onForget}>
          {words.forget}
        </button>
      </header>
      <div role="listbox" id="query-recent" aria-label={words.recent} className={styles.list}>
        {props.picking.list.map((query, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the combobox moves through the list by arrows
          // biome-ignore lint/a11y/useFocusableInteractive: focus stays in the field, aria-activedescendant points here
          <div
            key={query}
            id={`query-recent-${index}`}
            role="option"
            aria-selected={index === props.picking.at}
            onClick={() => props.onRun(query)}
          >
            {query}
          </div>
        ))}
      </div>
      <footer>
        <span>
          <kbd>↑</kbd> <kbd>↓</kbd>
        </span>
        <span>
          <kbd>↵</kbd> {words.run}
        </span>
      </footer>
    </div>
  );
}
