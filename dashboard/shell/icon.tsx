/** Line icons on a 16-px grid. Always beside a word or inside a control that has an accessible name. */
const PATHS = {
  logs: ['M2.5 4h11M2.5 8h7M2.5 12h9'],
  containers: [
    'M2.2 3.5a1 1 0 0 1 1-1h9.6a1 1 0 0 1 1 1v2.6a1 1 0 0 1-1 1H3.2a1 1 0 0 1-1-1z',
    'M2.2 9.9a1 1 0 0 1 1-1h9.6a1 1 0 0 1 1 1v2.6a1 1 0 0 1-1 1H3.2a1 1 0 0 1-1-1z',
    'M4.8 4.8h.01M4.8 11.2h.01',
  ],
  ledger: ['M3 2.5h10v11H3zM5.5 5.5h5M5.5 8h5M5.5 10.5h3'],
  settings: [
    'M8 5.8a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.4z',
    'M8 1.8v2M8 12.2v2M1.8 8h2M12.2 8h2M3.6 3.6 5 5M11 11l1.4 1.4M12.4 3.6 11 5M5 11l-1.4 1.4',
  ],
  search: ['M11.5 7a4.5 4.5 0 1 1-9 0 4.5 4.5 0 0 1 9 0z', 'm10.5 10.5 3.5 3.5'],
  zoomOut: ['M11.5 7a4.5 4.5 0 1 1-9 0 4.5 4.5 0 0 1 9 0z', 'm10.5 10.5 3.5 3.5M5 7h4'],
  clock: ['M13.8 8A5.8 5.8 0 1 1 2.2 8a5.8 5.8 0 0 1 11.6 0z', 'M8 4.8V8l2.2 1.6'],
  left: ['m10 3.5-4.5 4.5L10 12.5'],
  right: ['m6 3.5 4.5 4.5L6 12.5'],
  caret: ['m4 6 4 4 4-4'],
  close: ['m4 4 8 8M12 4l-8 8'],
  check: ['m3.2 8.3 3.2 3.2 6.4-7'],
  minus: ['M3.5 8h9'],
  plus: ['M8 3.5v9M3.5 8h9'],
  play: ['M5 3.2v9.6l7.5-4.8z'],
  pause: ['M5 3.5v9M11 3.5v9'],
  link: [
    'M6.8 9.2a2.6 2.6 0 0 0 3.7 0l2-2a2.6 2.6 0 0 0-3.7-3.7l-.7.7M9.2 6.8a2.6 2.6 0 0 0-3.7 0l-2 2a2.6 2.6 0 0 0 3.7 3.7l.7-.7',
  ],
  export: ['M8 2.5v7.5M4.8 7.2 8 10.4l3.2-3.2M3 13.5h10'],
  copy: [
    'M7 5.5h5a1.5 1.5 0 0 1 1.5 1.5v5a1.5 1.5 0 0 1-1.5 1.5H7A1.5 1.5 0 0 1 5.5 12V7A1.5 1.5 0 0 1 7 5.5z',
    'M10.5 5.5v-2a1 1 0 0 0-1-1h-6a1 1 0 0 0-1 1v6a1 1 0 0 0 1 1h2',
  ],
  context: ['M3 3.5h10M3 12.5h10M3 8h10', 'M1 6.4v3.2'],
  wrap: ['M2.5 4h11M2.5 8h8.5a2 2 0 0 1 0 4H8m1.5-1.7L7.8 12l1.7 1.7M2.5 12H5'],
  filter: ['M2.5 3.5h11L9.5 8.3v4.4l-3-1.5V8.3z'],
  warning: ['M8 2.2 14.6 13.5H1.4z', 'M8 6.2v3.4M8 11.6v.1'],
  host: [
    'M3.4 2.5h9.2a1.2 1.2 0 0 1 1.2 1.2v2.2a1.2 1.2 0 0 1-1.2 1.2H3.4a1.2 1.2 0 0 1-1.2-1.2V3.7a1.2 1.2 0 0 1 1.2-1.2zM3.4 8.9h9.2a1.2 1.2 0 0 1 1.2 1.2v2.2a1.2 1.2 0 0 1-1.2 1.2H3.4a1.2 1.2 0 0 1-1.2-1.2v-2.2a1.2 1.2 0 0 1 1.2-1.2z',
  ],
  down: ['M8 3v10M4 9l4 4 4-4'],
  up: ['M8 13V3M4 7l4-4 4 4'],
  order: ['M5 3v10M2.5 10.5 5 13l2.5-2.5M9 4h5M9 8h3.5M9 12h2'],
  send: ['M14 2 7 9M14 2 9.6 14 7 9 2 6.4z'],
  again: ['M12.8 6A5 5 0 1 0 13 9M13 2.8V6H9.8'],
  trash: ['M3 4.5h10M6.5 4.5V3h3v1.5M4.5 4.5l.6 8.5h5.8l.6-8.5'],
  logout: ['M6.5 2.5h-3v11h3M7 8h6.5M10.8 5.3 13.5 8l-2.7 2.7'],
  columns: ['M2.5 3h11v10h-11zM6.2 3v10M9.8 3v10'],
  star: ['m8 2 1.8 3.8 4.2.5-3.1 2.9.8 4.1L8 11.3l-3.7 2 .8-4.1L2 6.3l4.2-.5z'],
  patterns: ['M2.5 4h3.4M8 4h5.5M2.5 8h6M11 8h2.5M2.5 12h1.6M6.6 12h6.9'],
  explain: ['M2.5 13.5h11M4 11V8M7 11V5.5M10 11V2.5M13 11V7'],
  pin: ['M6 2.5h4M6.6 2.5 6 8l-2 1.6h8L10 8l-.6-5.5M8 9.6v4'],
  keyboard: ['M1.8 4.5h12.4v7H1.8zM4.2 7h.01M6.7 7h.01M9.2 7h.01M11.7 7h.01M5 9.3h6'],
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      viewBox="0 0 16 16"
      width={size}
      height={size}
      fill="none"
      stroke="currentColor"
      strokeWidth={1.5}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {PATHS[name].map((d) => (
        <path key={d} d={d} />
      ))}
    </svg>
  );
}

/** The product's mark. */
export function Mark() {
  return (
    <svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
      <rect x="2" y="4" width="20" height="3.6" rx="1.8" fill="currentColor" />
      <rect x="2" y="10.2" width="12" height="3.6" rx="1.8" fill="currentColor" opacity=".72" />
      <rect x="16" y="10.2" width="6" height="3.6" rx="1.8" fill="var(--error-fill)" />
      <rect x="2" y="16.4" width="16" height="3.6" rx="1.8" fill="currentColor" opacity=".45" />
    </svg>
  );
}
