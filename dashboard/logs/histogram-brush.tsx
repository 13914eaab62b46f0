import { type KeyboardEvent, type PointerEvent, useRef, useState } from 'react';
import { count } from '../format/number.ts';
import type { Range } from '../format/range.ts';
import { clockText, type Zone } from '../format/time.ts';
import { visible } from '../text/visible.ts';
import type { Words } from '../words/en.ts';
import { useWords } from '../words/words.tsx';
import styles from './histogram.module.css';
import { barsRange, type HistogramModel, OTHERS, place, snap } from './histogram-model.ts';
import type { Group } from './url-state.ts';

interface BrushProps {
  model: HistogramModel;
  brush: Range | null;
  zone: Zone;
  by: Group;
  onBrush(range: Range | null): void;
  onZoom(): void;
}

/**
 * Drag selects whole bars, a click one bar; the handles are sliders. By keys: arrows walk over the bars, Shift extends the selection, Enter
 * selects the bar. Shows the counts of the bar under the pointer or the walk.
 */
export function HistogramBrush({ model, brush, zone, by, onBrush, onZoom }: BrushProps) {
  const surface = useRef<HTMLDivElement>(null);
  const start = useRef<number | null>(null);
  const [draft, setDraft] = useState<Range | null>(null);
  const [hover, setHover] = useState<number | null>(null);
  const [walked, setWalked] = useState<number | null>(null);
  const anchor = useRef<number | null>(null);
  const all = useWords();
  const words = all.logs.histogram;
  const shown = draft ?? brush;
  const last = model.bars.length - 1;
  const pointed = hover ?? walked;

  const shareOf = (event: PointerEvent) => {
    const box = surface.current!.getBoundingClientRect();
    return Math.min(0.999999, Math.max(0, (event.clientX - box.left) / box.width));
  };
  const finish = (event: PointerEvent) => {
    const from = start.current;
    start.current = null;
    setDraft(null);
    if (from !== null) onBrush(snap(model, from, shareOf(event)));
  };

  const walk = (event: KeyboardEvent) => {
    const at = walked ?? last;
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, PageUp: at - 10, PageDown: at + 10, Home: 0, End: last }[
      event.key
    ];
    if (to !== undefined) {
      event.preventDefault();
      const next = Math.min(last, Math.max(0, to));
      setWalked(next);
      if (!event.shiftKey) anchor.current = null;
      else {
        anchor.current ??= at;
        onBrush(barsRange(model, Math.min(anchor.current, next), Math.max(anchor.current, next)));
      }
    } else if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      onBrush(barsRange(model, at, at));
    }
  };

  return (
    <>
      {shown !== null && <Selection model={model} brush={shown} />}
      {pointed !== null && (
        <span
          className={styles.hover}
          style={{ left: `${(pointed / model.bars.length) * 100}%`, width: `${100 / model.bars.length}%` }}
        />
      )}
      <div
        ref={surface}
        className={styles.surface}
        role="slider"
        tabIndex={0}
        aria-label={all.search.histogram.bars}
        aria-valuemin={1}
        aria-valuemax={model.bars.length}
        aria-valuenow={(walked ?? last) + 1}
        aria-valuetext={barText(model, walked ?? last, zone, all)}
        title={hover === null ? words.help : undefined}
        onKeyDown={walk}
        onBlur={() => setWalked(null)}
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          start.current = shareOf(event);
        }}
        onPointerMove={(event) => {
          const share = shareOf(event);
          setHover(Math.floor(share * model.bars.length));
          if (start.current !== null) setDraft(snap(model, start.current, share));
        }}
        onPointerUp={finish}
        onPointerCancel={() => {
          start.current = null;
          setDraft(null);
        }}
        onPointerLeave={() => setHover(null)}
        onDoubleClick={onZoom}
      />
      {brush !== null && draft === null && (
        <>
          <Handle side="from" model={model} brush={brush} zone={zone} onBrush={onBrush} label={words.start} />
          <Handle side="to" model={model} brush={brush} zone={zone} onBrush={onBrush} label={words.end} />
        </>
      )}
      {pointed !== null && <Tip model={model} index={pointed} zone={zone} by={by} />}
    </>
  );
}

function Selection({ model, brush }: { model: HistogramModel; brush: Range }) {
  const left = place(model.axis, brush.from) * 100;
  const right = place(model.axis, brush.to) * 100;
  return (
    <>
      <span className={styles.mask} style={{ left: 0, width: `${left}%` }} />
      <span className={styles.mask} style={{ left: `${right}%`, right: 0 }} />
      <span className={styles.brush} style={{ left: `${left}%`, width: `${right - left}%` }} />
    </>
  );
}

function Handle(props: BrushHandleProps) {
  const { model, brush, side } = props;
  const move = (bars: number) => {
    const moved = { ...brush, [side]: brush[side] + bars * model.interval };
    if (moved.from >= model.axis.from && moved.to <= model.axis.to && moved.from < moved.to) props.onBrush(moved);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const direction = event.key === 'ArrowLeft' ? -1 : event.key === 'ArrowRight' ? 1 : 0;
    if (direction === 0) return;
    event.preventDefault();
    move(direction * (event.shiftKey ? 10 : 1));
  };
  return (
    <button
      type="button"
      role="slider"
      className={styles.handle}
      style={{ left: `${place(model.axis, brush[side]) * 100}%` }}
      aria-label={props.label}
      aria-valuemin={Math.floor(model.axis.from / 1000)}
      aria-valuemax={Math.floor(model.axis.to / 1000)}
      aria-valuenow={Math.floor(brush[side] / 1000)}
      aria-valuetext={clockText(brush[side], props.zone)}
      onKeyDown={onKeyDown}
      onPointerDown={(event) => {
        event.stopPropagation();
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={(event) => {
        if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
        const box = event.currentTarget.parentElement!.getBoundingClientRect();
        const bar = Math.round(((event.clientX - box.left) / box.width) * model.bars.length);
        move(Math.round((model.axis.from + bar * model.interval - brush[side]) / model.interval));
      }}
    />
  );
}

interface BrushHandleProps {
  side: 'from' | 'to';
  model: HistogramModel;
  brush: Range;
  zone: Zone;
  label: string;
  onBrush(range: Range): void;
}

/** What is said of a bar to those who do not see it. */
function barText(model: HistogramModel, index: number, zone: Zone, words: Words): string {
  const bar = model.bars[Math.min(index, model.bars.length - 1)];
  const parts = model.series.filter((one) => (bar.counts[one.key] ?? 0) > 0);
  const named = parts.map((one) => `${seriesName(one.key, words)} ${count(bar.counts[one.key])}`).join(', ');
  return `${clockText(bar.time, zone)}, ${words.logs.lines(bar.total)}${named === '' ? '' : `: ${named}`}`;
}

/** The series as people read it. */
export function seriesName(key: string, words: Words): string {
  return key === OTHERS ? words.search.histogram.others : visible(key);
}

function Tip({ model, index, zone, by }: { model: HistogramModel; index: number; zone: Zone; by: Group }) {
  const words = useWords();
  const at = Math.min(index, model.bars.length - 1);
  const bar = model.bars[at];
  const share = (at + 0.5) / model.bars.length;
  const side = share > 0.6 ? { right: `${(1 - share) * 100}%` } : { left: `${share * 100}%` };
  return (
    <div className={`${styles.tip} num`} style={side} role="presentation">
      <b>
        {clockText(bar.time, zone)} – {clockText(bar.time + model.interval, zone)}
      </b>{' '}
      {words.logs.lines(bar.total)}
      {model.ghost !== null && <em> {words.search.histogram.before(count(model.ghost[at] ?? 0))}</em>}
      <dl data-by={by}>
        {model.series
          .filter((one) => (bar.counts[one.key] ?? 0) > 0)
          .map((one) => (
            <div key={one.key} style={{ display: 'contents' }}>
              <dt>
                <i className={styles.swatch} style={{ background: one.fill }} />
                {seriesName(one.key, words)}
              </dt>
              <dd>{count(bar.counts[one.key])}</dd>
            </div>
          ))}
      </dl>
    </div>
  );
}
