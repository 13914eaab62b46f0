import { duration } from '../format/number.ts';
import { fullText, microseconds, type Zone } from '../format/time.ts';
import { useWords } from '../words/words.tsx';

/** How long ago a moment was, the moment itself on hover; `now` is µs. */
export function Age({ iso, zone, now }: { iso: string | null; zone: Zone; now: number }) {
  const words = useWords();
  if (iso === null) return words.unknown;
  return (
    <time dateTime={iso} title={fullText(microseconds(iso), zone)}>
      {words.duration(ageAt(iso, now))}
    </time>
  );
}

/** The age that is shown at `now`, µs. Clocks of hosts differ a little: what is a moment ahead was just now. */
export const ageAt = (iso: string, now: number): string => ageText(Math.max(0, (now - microseconds(iso)) / 1000));

/** `2 h 5 m`, but `9 m` and `12 d`: the further back, the less its second part says. */
export function ageText(ms: number): string {
  if (ms < 1000) return '0 s';
  if (ms < 60_000) return `${Math.floor(ms / 1000)} s`;
  const text = duration(ms);
  const [first, unit] = text.split(' ');
  return Number(first) < 3 ? text : `${first} ${unit}`;
}
