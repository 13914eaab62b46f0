import { lazy, Suspense, useMemo, useState } from 'react';
import type { HistogramAnswer } from '../../api/contract.ts';
import { count, duration } from '../format/number.ts';
import type { Range } from '../format/range.ts';
import { clockText, dayText, fromParts, microseconds, parts, type Zone } from '../format/time.ts';
import { Button } from '../shell/controls.tsx';
import { useWords } from '../words/words.tsx';
import styles from './histogram.module.css';
import { HistogramBrush } from './histogram-brush.tsx';
import { axisTicks, gapSpans, type HistogramModel, place, readHistogram, STACK } from './histogram-model.ts';
import { gapText } from './sentences.ts';

const Chart = lazy(() => import('./histogram-chart.tsx'));

interface HistogramProps {
  answer: HistogramAnswer | undefined;
  error: unknown;
  zone: Zone;
  narrow: boolean;
  brush: Range | null;
  /** Lines in the brush, when known. */
  onBrush(range: Range | null): void;
  onZoom(): void;
  compact?: boolean;
}

/** Lines over time by level; gaps and what is past the watermark are hatched with their cause. */
export function Histogram(props: HistogramProps) {
  const { answer, zone } = props;
  const words = useWords();
  const [table, setTable] = useState(false);
  const model = useMemo(
    () => (answer === undefined || answer.buckets.length === 0 ? null : readHistogram(answer)),
    [answer],
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
            <Button small look="ghost" aria-pressed={table} onClick={() => setTable(!table)}>
              {table ? text.chart : text.table}
            </Button>
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
          <Suspense fallback={null}>
            <Chart model={model} />
          </Suspense>
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
        <HistogramBrush model={model} brush={props.brush} onBrush={props.onBrush} onZoom={props.onZoom} zone={zone} />
      </div>
      <div className={styles.ticks}>
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
  return (
    <span className={`${styles.legend} num`}>
      {STACK.filter((key) => model.totals[key] > 0).map((key) => (
        <span key={key}>
          <i className={`${styles.swatch} ${styles[key]}`} />
          {key} <em>{count(model.totals[key])}</em>
        </span>
      ))}
    </span>
  );
}

function Picked(props: { model: HistogramModel; brush: Range; zone: Zone; onZoom(): void; onClear(): void }) {
  const words = useWords().logs;
  const { brush } = props;
  const lines = props.model.bars.reduce(
    (sum, bar) => (bar.time >= brush.from && bar.time < brush.to ? sum + bar.total : sum),
    0,
  );
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
  const words = useWords().logs.histogram;
  const keys = STACK.filter((key) => model.totals[key] > 0);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled table must be reachable by keys
    <section className={styles.table} tabIndex={0} aria-label={words.table}>
      <table>
        <thead>
          <tr>
            <th>{words.time}</th>
            {keys.map((key) => (
              <th key={key}>{key}</th>
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
              {keys.map((key) => (
                <td key={key}>{count(bar[key])}</td>
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
