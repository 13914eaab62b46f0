import { memo } from 'react';
import type { HistogramModel } from './histogram-model.ts';

/** Units of the drawing: a bar is 10 wide, the axis 1000 high. */
const WIDTH = 10;
const HEIGHT = 1000;
const GAP = 1;
/** A count that is there at all is seen: at least one of 84 pixels. */
const LEAST = HEIGHT / 84;

/** Only the bars, one path a layer: axis texts, gaps and the brush are drawn over them, so that dragging never redraws the chart. */
export const HistogramBars = memo(function HistogramBars({ model }: { model: HistogramModel }) {
  const height = (count: number) => (count === 0 ? 0 : Math.max(LEAST, (count / model.top) * HEIGHT));
  const base = model.bars.map(() => HEIGHT);
  const layers = model.series.map((series) => {
    let d = '';
    for (const [index, bar] of model.bars.entries()) {
      const size = height(bar.counts[series.key] ?? 0);
      if (size === 0) continue;
      base[index] -= size;
      d += `M${index * WIDTH + GAP / 2} ${round(base[index])}h${WIDTH - GAP}v${round(size)}h${GAP - WIDTH}z`;
    }
    return <path key={series.key} d={d} fill={series.fill} data-series={series.key} />;
  });
  return (
    <svg
      viewBox={`0 0 ${model.bars.length * WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      width="100%"
      height="100%"
      aria-hidden="true"
    >
      {layers}
      {model.ghost !== null && (
        <path
          d={stairs(model.ghost.map((count) => HEIGHT - height(count)))}
          fill="none"
          stroke="var(--text-3)"
          strokeWidth={1.5}
          strokeDasharray="3 2"
          vectorEffect="non-scaling-stroke"
          data-series="before"
        />
      )}
    </svg>
  );
});

/** The outline over the bars of the period before. */
function stairs(tops: number[]): string {
  return tops
    .map((top, index) => `${index === 0 ? 'M0' : 'L'}${index === 0 ? '' : index * WIDTH} ${round(top)}h${WIDTH}`)
    .join('');
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
