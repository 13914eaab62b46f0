import { type KeyboardEvent, type PointerEvent, useRef, useState } from 'react';
import { count } from '../format/number.ts';
import type { Range } from '../format/range.ts';
import { clockText, type Zone } from '../format/time.ts';
import { useWords } from '../words/words.tsx';
import styles from './histogram.module.css';
import { type HistogramModel, place, STACK, snap } from './histogram-model.ts';

interface BrushProps {
  model: HistogramModel;
  brush: Range | null;
  zone: Zone;
  onBrush(range: Range | null): void;
  onZoom(): void;
}

/** Drag selects whole bars, a click one bar; the handles are sliders. Shows the counts of the bar under the pointer. */
export function HistogramBrush({ model, brush, zone, onBrush, onZoom }: BrushProps) {
  const surface = useRef<HTMLDivElement>(null);
  const start = useRef<number | null>(null);
  const [draft, setDraft] = useState<Range | null>(null);
  const [hover, setHover] = useState<number | null>(null);
  const words = useWords().logs.histogram;
  const shown = draft ?? brush;

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

  return (
    <>
      {shown !== null && <Selection model={model} brush={shown} />}
      {hover !== null && (
        <span
          className={styles.hover}
          style={{ left: `${(hover / model.bars.length) * 100}%`, width: `${100 / model.bars.length}%` }}
        />
      )}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the keys z, Esc and the slider handles do the same */}
      <div
        ref={surface}
        className={styles.surface}
        title={hover === null ? words.help : undefined}
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
      {hover !== null && <Tip model={model} index={hover} zone={zone} />}
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

function Tip({ model, index, zone }: { model: HistogramModel; index: number; zone: Zone }) {
  const words = useWords();
  const bar = model.bars[Math.min(index, model.bars.length - 1)];
  const share = (index + 0.5) / model.bars.length;
  const side = share > 0.6 ? { right: `${(1 - share) * 100}%` } : { left: `${share * 100}%` };
  return (
    <div className={`${styles.tip} num`} style={side} role="presentation">
      <b>
        {clockText(bar.time, zone)} – {clockText(bar.time + model.interval, zone)}
      </b>{' '}
      {words.logs.lines(bar.total)}
      <dl>
        {STACK.filter((key) => bar[key] > 0).map((key) => (
          <div key={key} style={{ display: 'contents' }}>
            <dt>
              <i className={`${styles.swatch} ${styles[key]}`} />
              {key}
            </dt>
            <dd>{count(bar[key])}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
