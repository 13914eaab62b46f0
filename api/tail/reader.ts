import { compileMatch, type MatchView } from '../../model/query/match.ts';
import type { Query } from '../../model/query/tree.ts';
import { decided, restFor } from '../possible.ts';
import type { Arrival, Arrivals } from './arrivals.ts';

/** What remains to be tested of each line of a source: nothing passes, everything passes, or a test. */
type SourceTest = false | true | ((view: MatchView) => boolean);

/** Records tested between two looks at the clock: a costly regular expression takes some 50 µs a line. */
const CHECK_EVERY = 32;
/** Sources whose tests are kept; more only means compiling again. */
const MOST_TESTS = 5_000;

export interface TailReader {
  /** Looks at arrivals until `deadline` (performance.now()); true when some are left. */
  step(deadline: number): boolean;
  /** Call before an arrival is let go that this reader may still need. */
  evicted(seq: number, arrival: Arrival): void;
  /** The next record to look at. */
  position(): { seq: number; index: number };
  /** From now on under another tree. */
  use(query: Query): void;
}

export interface TailListener {
  match(seq: number, index: number, arrival: Arrival): void;
  /** Records that were let go unseen; at most so many match. */
  missed(seq: number, count: number, from: number, to: number): void;
}

export function createTailReader(
  arrivals: Arrivals,
  start: { seq: number; index: number },
  query: Query,
  listener: TailListener,
): TailReader {
  let { seq, index } = start;
  let tree = query;
  const tests = new Map<string, SourceTest>();

  function testFor({ batch }: Arrival): SourceTest {
    const { source, kind } = batch;
    const key = [kind, batch.fid, source.app, source.env, source.instance, source.containerName, source.version].join(
      '\0',
    );
    let test = tests.get(key);
    if (test === undefined) {
      if (tests.size >= MOST_TESTS) tests.clear();
      const rest = restFor(tree, kind === 'events' ? { ...source, stream: 'event' } : source);
      test = decided(rest) ?? compileMatch(rest);
      tests.set(key, test);
    }
    return test;
  }

  return {
    step(deadline) {
      // Numbers below the oldest were reported by `evicted`.
      if (seq < arrivals.oldest()) {
        seq = arrivals.oldest();
        index = 0;
      }
      while (seq < arrivals.head()) {
        const arrival = arrivals.get(seq);
        const test = testFor(arrival);
        const { count } = arrival.batch;
        if (test === false) index = count;
        for (let n = 1; index < count; n++, index++) {
          if (test === true || (test as (view: MatchView) => boolean)(arrival.view(index)))
            listener.match(seq, index, arrival);
          if (n % CHECK_EVERY === 0 && performance.now() >= deadline) {
            index++;
            return true;
          }
        }
        seq++;
        index = 0;
        if (performance.now() >= deadline) return seq < arrivals.head();
      }
      return false;
    },

    evicted(gone, arrival) {
      if (gone < seq) return;
      const from = gone === seq ? index : 0;
      const count = testFor(arrival) === false ? 0 : arrival.batch.count - from;
      if (count > 0) {
        const times = arrival.batch.times.subarray(from, arrival.batch.count);
        listener.missed(gone, count, Math.min(...bounds(times)), Math.max(...bounds(times)));
      }
      seq = gone + 1;
      index = 0;
    },

    position: () => ({ seq, index }),
    use(next) {
      tree = next;
      tests.clear();
    },
  };
}

/** Least and greatest; a source's times are nearly in order, but nearly is not. */
function bounds(times: Float64Array): [number, number] {
  let least = times[0];
  let greatest = times[0];
  for (const time of times) {
    if (time < least) least = time;
    if (time > greatest) greatest = time;
  }
  return [least, greatest];
}
