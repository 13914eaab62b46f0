import type { MarkKind } from './event-marks.ts';

/** One shape a kind, the same on the axis and between rows: shape first, then colour. */
export function MarkGlyph({ kind, size = 12 }: { kind: MarkKind; size?: number }) {
  return (
    <svg viewBox="0 0 12 12" width={size} height={size} aria-hidden="true" focusable="false" fill="currentColor">
      {kind === 'deploy' && <path d="M6 .8 11.2 6 6 11.2.8 6z" />}
      {kind === 'oom' && <path d="M6 .9 11.6 11H.4z" />}
      {kind === 'exit' && (
        <path d="M2.6 1.2 6 4.6l3.4-3.4 1.4 1.4L7.4 6l3.4 3.4-1.4 1.4L6 7.4l-3.4 3.4-1.4-1.4L4.6 6 1.2 2.6z" />
      )}
      {kind === 'restart' && <path d="M6 1.2a4.8 4.8 0 1 0 4.8 4.8H9.2A3.2 3.2 0 1 1 6 2.8V5l3.6-3L6-.8z" />}
      {kind === 'unhealthy' && <path d="M1 5h10v2H1z" />}
    </svg>
  );
}
