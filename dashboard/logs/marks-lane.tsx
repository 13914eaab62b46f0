import { useLayoutEffect, useRef, useState } from 'react';
import type { Range } from '../format/range.ts';
import { clockText, type Zone } from '../format/time.ts';
import { visible } from '../text/visible.ts';
import { useWords } from '../words/words.tsx';
import { type EventMark, type LaneMark, laneMarks } from './event-marks.ts';
import { markText } from './event-row.tsx';
import histogram from './histogram.module.css';
import { place } from './histogram-model.ts';
import { MarkGlyph } from './mark-glyph.tsx';
import styles from './marks-lane.module.css';

/** Room a glyph needs, and a character of its label, px. */
const GLYPH = 22;
const CHARACTER = 6.2;

/** Deploys, restarts, OOM kills and exits over the bars; those too near each other as one with their number. */
export function MarksLane(props: { marks: EventMark[]; axis: Range; zone: Zone; onMark(mark: EventMark): void }) {
  const { marks, axis, zone } = props;
  const words = useWords();
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const inside = marks.filter((mark) => mark.time >= axis.from && mark.time < axis.to);
  const lane = width === 0 ? [] : laneMarks(inside, ((axis.to - axis.from) / width) * GLYPH);
  return (
    <div className={histogram.lane} ref={box}>
      {lane.map((one, index) => {
        const first = one.marks[0];
        const { title, rest } = markText(first, words);
        const name =
          one.marks.length > 1
            ? words.search.marks.several(one.marks.length)
            : rest === ''
              ? title
              : `${title} · ${rest}`;
        const next = lane[index + 1];
        const room = ((next === undefined ? axis.to : next.at) - one.at) / (axis.to - axis.from);
        const span = (one.until - one.at) / (axis.to - axis.from);
        const free = room * width - span * width - GLYPH;
        const label = [name, title].find((text) => text.length * CHARACTER < free) ?? '';
        return (
          <button
            key={first.id}
            type="button"
            className={`${styles.glyph} ${styles[worst(one)]}`}
            style={{ left: `${place(axis, one.at) * 100}%` }}
            aria-label={`${clockText(one.at, zone)} ${visible(name)}`}
            title={one.marks.map((mark) => describe(mark, zone, words)).join('\n')}
            onClick={() => props.onMark(first)}
          >
            <MarkGlyph kind={worst(one)} />
            {span * width > 8 && one.marks.length === 1 && <i style={{ width: span * width - 8 }} />}
            {label !== '' && one.marks.length === 1 && <span>{visible(label)}</span>}
          </button>
        );
      })}
    </div>
  );
}

function describe(mark: EventMark, zone: Zone, words: ReturnType<typeof useWords>): string {
  const { title, rest } = markText(mark, words);
  return visible(`${clockText(mark.time, zone)} ${title}${rest === '' ? '' : ` · ${rest}`}`);
}

/** The glyph of several is that of the worst. */
function worst(lane: LaneMark): EventMark['kind'] {
  const rank = ['oom', 'exit', 'unhealthy', 'restart', 'deploy'] as const;
  return rank.find((kind) => lane.marks.some((mark) => mark.kind === kind)) ?? 'deploy';
}

function useWidth(box: { current: HTMLElement | null }): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    setWidth(element.clientWidth);
    const watch = new ResizeObserver(() => setWidth(element.clientWidth));
    watch.observe(element);
    return () => watch.disconnect();
  }, [box]);
  return width;
}
