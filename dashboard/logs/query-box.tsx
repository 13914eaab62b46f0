import { type KeyboardEvent, type Ref, useEffect, useImperativeHandle, useLayoutEffect, useRef, useState } from 'react';
import type { Range } from '../format/range.ts';
import { Button, Key } from '../shell/controls.tsx';
import { Icon } from '../shell/icon.tsx';
import { useMedia } from '../shell/media.ts';
import { useWords } from '../words/words.tsx';
import { OfferList } from './offer-list.tsx';
import styles from './query-box.module.css';
import { QueryNote } from './query-note.tsx';
import type { QueryMistake, QueryParser, QuerySlip } from './query-parser.ts';
import { QueryTwin } from './query-twin.tsx';
import { forgetQueries, recentQueries } from './recent.ts';
import { createTextHistory } from './text-history.ts';
import { useCompletion } from './use-completion.ts';

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
  /** Where values to complete are counted. */
  range: Range;
  /** Fields seen in the lines so far, the most frequent first. */
  seen: string[];
  onRun(text: string): void;
  onStop(): void;
  handle: Ref<QueryBoxHandle>;
}

/** A mistake shows only when the typist rests, for half a word is always a mistake. */
const REST_MS = 700;

/** Recent queries under completions, and alone. */
const RECENT = [4, 12];

/** One text field. A twin below it carries tints and wavy lines; the field itself stays plain text, so input methods just work. */
export function QueryBox(props: QueryBoxProps) {
  const words = useWords().logs.query;
  const narrow = useMedia('(max-width: 720px)');
  const area = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState(props.value);
  const [rested, setRested] = useState(true);
  /** Where the typist is; null: nothing is offered. */
  const [caret, setCaret] = useState<number | null>(null);
  const [at, setAt] = useState(-1);
  const [history] = useState(() => createTextHistory(props.value));
  const place = useRef<number | null>(null);
  useEffect(() => {
    setText(props.value);
    history.push(props.value, props.value.length, false);
  }, [props.value, history]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: every key starts the rest anew
  useEffect(() => {
    if (rested) return;
    const timer = setTimeout(() => setRested(true), REST_MS);
    return () => clearTimeout(timer);
  }, [rested, text]);
  // Text written by us would leave the caret at its end.
  useLayoutEffect(() => {
    if (place.current !== null) area.current?.setSelectionRange(place.current, place.current);
    place.current = null;
  });
  useImperativeHandle(props.handle, () => ({
    focus() {
      area.current?.focus();
      area.current?.select();
    },
  }));

  const offer = useCompletion({ text, caret, range: props.range, seen: props.seen, parser: props.parser });
  const recent = caret === null ? [] : recentFor(text, offer !== null);
  const choices = offer?.choices ?? [];
  const open = caret !== null && (offer !== null || recent.length > 0);
  const { mistake, slips } = judge(text, rested, props);

  const close = () => {
    setCaret(null);
    setAt(-1);
  };
  const write = (next: string, caretAt: number, joined = false) => {
    history.push(next, caretAt, joined);
    setText(next);
    setRested(false);
    setAt(-1);
  };
  const run = (next: string) => {
    close();
    history.push(next, next.length, false);
    setText(next);
    setRested(true);
    if (props.parser?.read(next).mistake) return;
    props.onRun(next);
  };
  /** The text with that choice in it, and where the caret goes. */
  const completed = (index: number): { next: string; caret: number } | null => {
    const choice = choices[index];
    if (offer === null || choice === undefined) return null;
    const { start, end, kind } = offer.completion;
    const space = kind === 'value' && !/^[\s)]/.test(text.slice(end)) ? ' ' : '';
    const next = `${text.slice(0, start)}${choice.insert}${space}${text.slice(end)}`;
    return { next, caret: start + choice.insert.length + space.length };
  };
  const insert = (index: number) => {
    const done = completed(index);
    if (done === null) return;
    write(done.next, done.caret);
    place.current = done.caret;
    setCaret(done.caret);
  };
  const choose = (index: number) => (index < choices.length ? insert(index) : run(recent[index - choices.length]));
  const step = (to: ReturnType<typeof history.undo>) => {
    if (to === null) return;
    setText(to.text);
    place.current = to.caret;
    close();
  };

  const onKeyDown = (event: KeyboardEvent) => {
    // Enter that ends a composition (229 on browsers that report it late) chooses a character, nothing more.
    if (event.nativeEvent.isComposing || event.keyCode === 229) return;
    const command = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    if (command && (key === 'z' || key === 'y')) {
      event.preventDefault();
      step(key === 'y' || event.shiftKey ? history.redo() : history.undo());
    } else if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      if (at < 0 || !open) run(text);
      else if (at >= choices.length) run(recent[at - choices.length]);
      else if (offer?.completion.kind === 'field') insert(at);
      else run(completed(at)!.next.trim());
    } else if (event.key === 'Tab' && !event.shiftKey && open && choices.length > 0) {
      event.preventDefault();
      insert(Math.max(0, Math.min(at, choices.length - 1)));
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      if (!open) {
        if (event.key === 'ArrowDown' && !text.includes('\n')) setCaret(area.current?.selectionStart ?? text.length);
        return;
      }
      event.preventDefault();
      const move = event.key === 'ArrowDown' ? 1 : -1;
      setAt(Math.max(-1, Math.min(choices.length + recent.length - 1, at + move)));
    } else if (event.key === 'Escape') {
      event.preventDefault();
      if (open) close();
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
            aria-autocomplete="list"
            aria-controls={open ? 'query-offers' : undefined}
            aria-activedescendant={open && at >= 0 ? `query-offer-${at}` : undefined}
            placeholder={narrow ? words.placeholderShort : words.placeholder}
            onChange={(event) => {
              const { value, selectionStart } = event.target;
              write(value, selectionStart, Math.abs(value.length - text.length) === 1 && !/\s$/.test(value));
              setCaret(selectionStart);
            }}
            onSelect={(event) => {
              if (caret === null) return;
              const { selectionStart, selectionEnd } = event.currentTarget;
              if (selectionStart !== selectionEnd) close();
              else if (selectionStart !== caret) {
                setCaret(selectionStart);
                setAt(-1);
              }
            }}
            onKeyDown={onKeyDown}
            onFocus={() => text === '' && setCaret(0)}
            onClick={() => text === '' && setCaret(0)}
            onBlur={close}
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
      {open && (
        <OfferList
          offer={offer}
          recent={recent}
          at={at}
          onChoose={choose}
          onForget={() => {
            forgetQueries();
            close();
          }}
        />
      )}
    </search>
  );
}

/** Former queries that begin like the text; all of them while nothing is written. */
function recentFor(text: string, beside: boolean): string[] {
  const typed = text.trim().toLowerCase();
  const like = recentQueries().filter((one) => one !== text && one.toLowerCase().includes(typed));
  return like.slice(0, beside ? RECENT[0] : RECENT[1]);
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
