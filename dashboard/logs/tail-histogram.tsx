import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useClient } from '../client/client.tsx';
import type { Range } from '../format/range.ts';
import type { Zone } from '../format/time.ts';
import { MOST_EVENTS, span } from './data.ts';
import { type EventMark, eventFilter, MARK_TYPES, readMarks } from './event-marks.ts';
import { Histogram } from './histogram.tsx';

/** Width of what is shown, µs; how often it is counted anew, ms. Whole bars, so that they do not change their meaning. */
const SHOWN = 600e6;
const BAR = 10e6;
const EVERY = 10_000;
const NO_MARKS: EventMark[] = [];

/** The last ten minutes over the live view. A part of them opens as a search. Stands still while the view is paused. */
export function TailHistogram(props: {
  query: string;
  zone: Zone;
  narrow: boolean;
  paused: boolean;
  onRange(range: Range): void;
}) {
  const client = useClient();
  const asked = useQuery({
    queryKey: ['histogram', 'live', props.query],
    placeholderData: keepPreviousData,
    refetchInterval: props.paused ? false : EVERY,
    gcTime: 0,
    queryFn: async ({ signal }) => {
      const to = Math.ceil(client.nowUs() / BAR) * BAR;
      const shown = span({ from: to - SHOWN, to });
      const filter = { ...eventFilter(props.query), type: [...MARK_TYPES] };
      const [answer, events] = await Promise.all([
        client.histogram({ query: props.query, ...shown, interval: '10s' }, signal),
        // Bars without marks are still bars.
        client.events({ ...filter, ...shown, limit: MOST_EVENTS }, signal).catch(() => null),
      ]);
      return { answer, marks: readMarks(events?.items ?? []) };
    },
  });
  return (
    <Histogram
      answer={asked.data?.answer}
      by="level"
      before={null}
      compare={false}
      marks={asked.data?.marks ?? NO_MARKS}
      shown={null}
      error={asked.error}
      zone={props.zone}
      narrow={props.narrow}
      brush={null}
      onBrush={(range) => range !== null && props.onRange(range)}
      onZoom={() => {}}
      onBy={() => {}}
      onCompare={() => {}}
      onMark={() => {}}
      compact
    />
  );
}
