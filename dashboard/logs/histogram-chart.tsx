import { memo } from 'react';
import { Bar, BarChart, ResponsiveContainer, XAxis, YAxis } from 'recharts';
import { type HistogramModel, STACK } from './histogram-model.ts';

/** Only the bars: axis texts, gaps and the brush are drawn over them, so that dragging never redraws the chart. A chunk of its own. */
export default memo(function HistogramChart({ model }: { model: HistogramModel }) {
  return (
    <ResponsiveContainer width="100%" height="100%" initialDimension={{ width: 800, height: 84 }}>
      <BarChart
        data={model.bars}
        margin={{ top: 0, right: 0, bottom: 0, left: 0 }}
        barCategoryGap="12%"
        accessibilityLayer={false}
      >
        <XAxis dataKey="time" hide />
        <YAxis hide domain={[0, model.top]} />
        {STACK.filter((key) => model.totals[key] > 0).map((key) => (
          <Bar
            key={key}
            dataKey={key}
            stackId="lines"
            fill={`var(--${key === 'none' ? 'trace' : key}-fill)`}
            isAnimationActive={false}
            activeBar={false}
          />
        ))}
      </BarChart>
    </ResponsiveContainer>
  );
});
