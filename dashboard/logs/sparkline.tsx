/** Bars of a row, as high as the row allows; the axis is that of the histogram above. */
export function Sparkline({ values, label }: { values: number[]; label: string }) {
  const most = values.reduce((max, value) => Math.max(max, value), 1);
  const d = values
    .map((value, index) => {
      const height = value === 0 ? 0 : Math.max(1, (value / most) * 16);
      return value === 0 ? '' : `M${index * 3} ${16 - height}h2v${height}h-2z`;
    })
    .join('');
  return (
    <svg
      viewBox={`0 0 ${values.length * 3} 16`}
      width={120}
      height={16}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <path d={d} fill="var(--info-fill)" />
    </svg>
  );
}
