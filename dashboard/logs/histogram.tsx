import { useMemo, useState } from 'react';
import type { HistogramAnswer } from '../../api/contract.ts';
import { count, duration } from '../format/number.ts';
import type { Range } from '../format/range.ts';
import { clockText, dayText, fromParts, microseconds, parts, type Zone } from '../format/time.ts';
import { Button } from '../shell/controls.tsx';
import { useWords } from '../words/words.tsx';
import type { EventMark } from './event-marks.ts';
import styles from './histogram.module.css';
import { HistogramBars } from './histogram-bars.tsx';
import { HistogramBrush, seriesName } from './histogram-brush.tsx';
import { axisTicks, gapSpans, type HistogramModel, linesWithin, place, readHistogram } from './histogram-model.ts';
import { MarksLane } from './marks-lane.tsx';
import { OnScreen, type WindowStore } from './on-screen.tsx';
import { gapText } from './sentences.ts';
import { GROUPS, type Group } from './url-state.ts';

interface HistogramProps {
  answer: HistogramAnswer | undefined;
  /** What the answer counted by, and what is asked for next. */
  by: Group;
  /** The period before, in the same bars; null when not compared or not known yet. */
  before: HistogramAnswer | null;
  compare: boolean;
  marks: EventMark[];
  /** Which lines are in the window. */
  shown: WindowStore | null;
  error: unknown;
  zone: Zone;
  narrow: boolean;
  brush: Range | null;
  /** The ordinary time a spike is compared with. */
  baseline?: Range | null;
  onBrush(range: Range | null): void;
  onZoom(): void;
  onBy(by: Group): void;
  onCompare(): void;
  onMark(mark: EventMark): void;
  compact?: boolean;
}

/** Lines over time by level; gaps and what is past the watermark are hatched with their cause. */
export function Histogram(props: HistogramProps) {
  const { answer, zone } = props;
  const words = useWords();
  const [table, setTable] = useState(false);
  const model = useMemo(
    () => (answer === undefined || answer.buckets.length === 0 ? null : readHistogram(answer, props.by, props.before)),
    [answer, props.by, props.before],
  );
  const text = words.logs.histogram;
  return (
    <section className={props.compact ? `${styles.histo} ${styles.compact}` : styles.histo} aria-label={text.label}>
      {!props.compact && (
        <div className={styles.head}>
          <span className={`${styles.total} num`}>{model === null ? ' ' : words.logs.lines(model.total)}</span>
          {model !== null && (
            <span className="num">{words.logs.perBar(words.duration(duration(model.interval / 1000)))}</span>
          )}
          {model !== null && <Legend model={model} />}
          <span className="grow" />
          {model !== null && props.brush !== null && (
            <Picked
              model={model}
              brush={props.brush}
              zone={zone}
              onZoom={props.onZoom}
              onClear={() => props.onBrush(null)}
            />
          )}
          {model !== null && (
            <>
              <label className={styles.by}>
                <span className="sr">{words.search.histogram.by}</span>
                <select
                  value={props.by}
                  onChange={(event) => props.onBy(GROUPS.find((one) => one === event.target.value) ?? 'level')}
                >
                  {GROUPS.map((one) => (
                    <option key={one} value={one}>
                      {words.search.histogram.byOne(words.logs.facets[one])}
                    </option>
                  ))}
                </select>
              </label>
              <Button
                small
                look="ghost"
                className={styles.wide}
                aria-pressed={props.compare}
                title={words.search.histogram.compareWhy}
                onClick={props.onCompare}
              >
                {words.search.histogram.compare}
              </Button>
              <Button small look="ghost" className={styles.wide} aria-pressed={table} onClick={() => setTable(!table)}>
                {table ? text.chart : text.table}
              </Button>
            </>
          )}
        </div>
      )}
      {props.error !== null && props.error !== undefined ? (
        <p className={styles.failed}>{text.failed}</p>
      ) : table && model !== null ? (
        <Table model={model} zone={zone} />
      ) : (
        <Plot {...props} model={model} />
      )}
    </section>
  );
}

function Plot(props: HistogramProps & { model: HistogramModel | null }) {
  const { model, zone, answer } = props;
  const words = useWords();
  if (model === null || answer === undefined) {
    return (
      <>
        {!props.compact && <div className={styles.lane} />}
        <div className={styles.plot} />
        <div className={styles.ticks} />
      </>
    );
  }
  const completeTo = answer.completeTo === null ? null : microseconds(answer.completeTo);
  const ticks = axisTicks(model.axis, props.narrow ? 4 : 11, offsetOf(model.axis.from, zone));
  const days = model.axis.to - model.axis.from > 2 * 86_400e6;
  return (
    <>
      {!props.compact && <MarksLane marks={props.marks} axis={model.axis} zone={zone} onMark={props.onMark} />}
      <div className={styles.plot}>
        {!props.compact &&
          [1, 0.5, 0].map((share) => (
            <span key={share}>
              <span className={styles.grid} style={{ top: `${(1 - share) * 100}%` }} />
              <span className={`${styles.y} num`} style={{ top: `${(1 - share) * 100}%` }}>
                {count(model.top * share)}
              </span>
            </span>
          ))}
        <div
          className={styles.bars}
          role="img"
          aria-label={words.logs.histogram.summary(words.logs.lines(model.total), model.bars.length)}
        >
          <HistogramBars model={model} />
        </div>
        {gapSpans(answer.gaps, model.axis).map((span) => (
          <Gap
            key={span.from}
            left={place(model.axis, span.from)}
            right={place(model.axis, span.to)}
            text={gapText(span.gaps[0], words) + (span.gaps.length > 1 ? ` +${span.gaps.length - 1}` : '')}
          />
        ))}
        {completeTo !== null && completeTo < model.axis.to && (
          <span
            className={styles.mark}
            style={{ left: `${place(model.axis, completeTo) * 100}%` }}
            title={words.logs.histogram.notComplete}
          />
        )}
        {props.marks.map((mark) => (
          <span
            key={mark.id}
            className={`${styles.event} ${styles[mark.kind]}`}
            style={{ left: `${place(model.axis, mark.time) * 100}%` }}
          />
        ))}
        {props.baseline != null && (
          <span
            className={styles.baseline}
            style={{
              left: `${place(model.axis, props.baseline.from) * 100}%`,
              width: `${(place(model.axis, props.baseline.to) - place(model.axis, props.baseline.from)) * 100}%`,
            }}
          >
            <span>{words.search.explain.baseline}</span>
          </span>
        )}
        <HistogramBrush
          model={model}
          brush={props.brush}
          onBrush={props.onBrush}
          onZoom={props.onZoom}
          zone={zone}
          by={props.by}
        />
      </div>
      <div className={styles.ticks}>
        {props.shown !== null && <OnScreen store={props.shown} axis={model.axis} />}
        {ticks.map((tick) => {
          const left = place(model.axis, tick);
          return left < 0.02 || left > 0.98 ? null : (
            <span key={tick} className={`${styles.tick} num`} style={{ left: `${left * 100}%` }}>
              {tickText(tick, zone, days, model.interval)}
            </span>
          );
        })}
      </div>
    </>
  );
}

function Gap({ left, right, text }: { left: number; right: number; text: string }) {
  const side = left > 0.75 ? styles.causeRight : right < 0.2 ? styles.causeLeft : '';
  return (
    <span className={styles.gap} style={{ left: `${left * 100}%`, width: `${(right - left) * 100}%` }} title={text}>
      {right - left > 0.02 && <span className={`${styles.cause} ${side}`}>{text}</span>}
    </span>
  );
}

function Legend({ model }: { model: HistogramModel }) {
  const words = useWords();
  return (
    <span className={`${styles.legend} num`}>
      {model.series.map((one) => (
        <span key={one.key}>
          <i className={styles.swatch} style={{ background: one.fill }} />
          {seriesName(one.key, words)} <em>{count(one.total)}</em>
        </span>
      ))}
      {model.ghost !== null && (
        <span className={styles.before}>
          {words.search.histogram.beforeTotal(count(model.ghostTotal), change(model))}
        </span>
      )}
    </span>
  );
}

/** `+12 %` against the period before; '' where there was nothing. */
function change(model: HistogramModel): string {
  if (model.ghostTotal === 0) return '';
  const percent = Math.round((model.total / model.ghostTotal - 1) * 100);
  return `${percent < 0 ? '−' : '+'}${count(Math.abs(percent))} %`;
}

function Picked(props: { model: HistogramModel; brush: Range; zone: Zone; onZoom(): void; onClear(): void }) {
  const words = useWords().logs;
  const { brush } = props;
  const lines = linesWithin(props.model, brush);
  return (
    <span className={`${styles.picked} num`}>
      <b>
        {clockText(brush.from, props.zone)} – {clockText(brush.to, props.zone)}
      </b>
      <span>{words.lines(lines)}</span>
      <Button small look="ghost" hotkey="z" onClick={props.onZoom}>
        {words.histogram.zoom}
      </Button>
      <Button small look="ghost" hotkey="Esc" onClick={props.onClear}>
        {words.histogram.clear}
      </Button>
    </span>
  );
}

function Table({ model, zone }: { model: HistogramModel; zone: Zone }) {
  const all = useWords();
  const words = all.logs.histogram;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled table must be reachable by keys
    <section className={styles.table} tabIndex={0} aria-label={words.table}>
      <table>
        <thead>
          <tr>
            <th>{words.time}</th>
            {model.series.map((one) => (
              <th key={one.key}>{seriesName(one.key, all)}</th>
            ))}
            <th>{words.total}</th>
          </tr>
        </thead>
        <tbody>
          {model.bars.map((bar) => (
            <tr key={bar.time}>
              <th scope="row">
                {dayText(bar.time, zone).slice(5)} {clockText(bar.time, zone)}
              </th>
              {model.series.map((one) => (
                <td key={one.key}>{count(bar.counts[one.key] ?? 0)}</td>
              ))}
              <td>{count(bar.total)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function tickText(us: number, zone: Zone, days: boolean, interval: number): string {
  const midnight = parts(us, zone).hour === 0 && parts(us, zone).minute === 0;
  if (days || midnight)
    return midnight ? dayText(us, zone).slice(5) : `${dayText(us, zone).slice(5)} ${clockText(us, zone).slice(0, 5)}`;
  return interval < 1e6 || us % 60e6 !== 0 ? clockText(us, zone) : clockText(us, zone).slice(0, 5);
}

/** µs the zone's clock is ahead of UTC at that moment. */
function offsetOf(us: number, zone: Zone): number {
  return zone === 'utc' ? 0 : fromParts(parts(us, 'local'), 'utc') - us;
}
