import type { ApiEvent } from '../../api/contract.ts';
import { type EventMark, readMarks } from './event-marks.ts';

/** Events that later ones may belong to: an exit to its OOM, a replica to its deploy. */
const KEPT = 500;

/** What an event of a live view does to its marks: a new one, or one that is there under `key` and now says more. */
export type MarkStep = { kind: 'new' | 'more'; key: string; mark: EventMark };

/** Marks of events as they come. A story that goes on changes its mark where it stands. */
export function createTailMarks(): { add(event: ApiEvent): MarkStep | null } {
  let events: ApiEvent[] = [];
  /** By the id of the mark; keys stay when an earlier event turns up and gives the mark another id. */
  let known = new Map<string, { key: string; text: string }>();
  return {
    add(event) {
      if (events.some((one) => one.id === event.id)) return null;
      events = [...events.slice(1 - KEPT), event];
      const marks = readMarks(events);
      const ids = new Set(marks.map((mark) => mark.id));
      const renamed = [...known].find(([id]) => !ids.has(id) && events.some((one) => one.id === id))?.[1] ?? null;
      const next = new Map<string, { key: string; text: string }>();
      let step: MarkStep | null = null;
      for (const mark of marks) {
        const text = JSON.stringify(mark);
        const before = known.get(mark.id) ?? renamed;
        const isNew = !known.has(mark.id) && renamed === null;
        const key = isNew ? `event ${mark.id}` : before!.key;
        next.set(mark.id, { key, text });
        if (isNew || before!.text !== text) step = { kind: isNew ? 'new' : 'more', key, mark };
      }
      known = next;
      return step;
    },
  };
}
