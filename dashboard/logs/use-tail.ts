import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useClient } from '../client/client.tsx';
import { startTail } from '../client/tail.ts';
import { duration } from '../format/number.ts';
import { useWords } from '../words/words.tsx';
import { eventOf, withEvents } from './event-marks.ts';
import { type ItemList, plainList } from './row-view.ts';
import { createTailBuffer, type TailFigures } from './tail-buffer.ts';

export type PauseCause = 'scroll' | 'selection' | 'open' | 'key' | 'hidden';
export interface TailState {
  items: ItemList;
  figures: TailFigures;
  connection: 'connecting' | 'open' | 'lost' | 'refused';
  completeTo: string | null | undefined;
  /** Lines a second over the last seconds. */
  rate: number;
  paused: { cause: PauseCause; at: number } | null;
  pause(cause: PauseCause): void;
  resume(): void;
  clear(): void;
  /** Connects anew after a refusal. */
  again(): void;
}

const HISTORY_ROWS = 200;
const HIDDEN_MS = 5 * 60_000;

/** The live view of a query: events go into a buffer, the page is drawn at most once a frame. */
export function useTail(query: string, nowUs: () => number): TailState {
  const client = useClient();
  const words = useWords();
  const text = useRef(words);
  text.current = words;
  const [attempt, setAttempt] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another query or attempt is another view
  const buffer = useMemo(() => createTailBuffer(), [query, attempt]);
  const [, redraw] = useState(0);
  const [connection, setConnection] = useState<TailState['connection']>('connecting');
  const [completeTo, setCompleteTo] = useState<string | null | undefined>(undefined);
  const [paused, setPaused] = useState<TailState['paused']>(null);
  const rate = useRef(createRate());

  useEffect(() => {
    let frame = 0;
    const draw = () => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        redraw((n) => n + 1);
      });
    };
    let lostAt: number | null = null;
    setConnection('connecting');
    setPaused(null);
    const joined = withEvents(query);
    const tail = startTail(client.tailUrl({ query: joined ?? query, last: HISTORY_ROWS }), {
      record(record) {
        if (joined !== null && record.stream === 'event') buffer.happened(eventOf(record));
        else {
          buffer.push(record);
          rate.current.count();
        }
        draw();
      },
      skipped(skipped) {
        buffer.skipped(skipped);
        draw();
      },
      watermark: (mark) => setCompleteTo(mark.completeTo),
      open() {
        setConnection('open');
        if (lostAt !== null)
          buffer.mark(
            'lost',
            text.current.logs.tail.lost(text.current.duration(duration(performance.now() - lostAt))),
            true,
          );
        lostAt = null;
        draw();
      },
      lost() {
        lostAt ??= performance.now();
        setConnection('lost');
      },
      refused: () => setConnection('refused'),
    });
    // A hidden tab gets no frames; the rate and the footer still move on.
    const tick = setInterval(() => redraw((n) => n + 1), 1000);
    return () => {
      tail.close();
      clearInterval(tick);
      cancelAnimationFrame(frame);
    };
  }, [client, query, buffer]);

  const pause = useCallback(
    (cause: PauseCause) => {
      buffer.pause();
      setPaused((before) => before ?? { cause, at: nowUs() });
    },
    [buffer, nowUs],
  );
  const resume = useCallback(() => {
    buffer.resume();
    setPaused(null);
  }, [buffer]);
  usePauseWhenHidden(pause);

  const items = buffer.items();
  const gone = buffer.gone();
  const list = useMemo(() => plainList(items, buffer, gone), [items, buffer, gone]);
  return {
    items: list,
    figures: buffer.figures(),
    connection,
    completeTo,
    rate: rate.current.perSecond(),
    paused,
    pause,
    resume,
    clear: () => {
      buffer.clear();
      redraw((n) => n + 1);
    },
    again: () => {
      setPaused(null);
      setAttempt((n) => n + 1);
    },
  };
}

function usePauseWhenHidden(pause: (cause: PauseCause) => void) {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const onChange = () => {
      clearTimeout(timer);
      if (document.hidden) timer = setTimeout(() => pause('hidden'), HIDDEN_MS);
    };
    document.addEventListener('visibilitychange', onChange);
    return () => {
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', onChange);
    };
  }, [pause]);
}

/** Counts per second over the last five whole seconds. */
function createRate() {
  const seconds = new Map<number, number>();
  return {
    count() {
      const now = Math.floor(performance.now() / 1000);
      seconds.set(now, (seconds.get(now) ?? 0) + 1);
      if (seconds.size > 10) seconds.delete(seconds.keys().next().value!);
    },
    perSecond() {
      const now = Math.floor(performance.now() / 1000);
      let sum = 0;
      for (let second = now - 5; second < now; second += 1) sum += seconds.get(second) ?? 0;
      return Math.round(sum / 5);
    },
  };
}
