import { fullText, microseconds, shortText, type Zone } from '../format/time.ts';
import { useWords } from '../words/words.tsx';

/** A moment as people read it, whole on hover; `now` is µs. */
export function Moment({ iso, zone, now }: { iso: string | null; zone: Zone; now: number }) {
  const words = useWords();
  if (iso === null) return words.unknown;
  const us = microseconds(iso);
  return (
    <time dateTime={iso} title={fullText(us, zone)}>
      {shortText(us, zone, now)}
    </time>
  );
}
