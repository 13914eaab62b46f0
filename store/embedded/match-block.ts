import { levelName } from '../../model/level.ts';
import type { MatchView } from '../../model/query/match.ts';
import { bloomPlan } from '../../model/query/text-plan.ts';
import type { Query } from '../../model/query/tree.ts';
import { STREAMS } from '../../model/source.ts';
import { compileMatcher, type Matcher } from './matcher.ts';
import { cellOf } from './record-columns.ts';
import { ALL_INDEX, createResiduals, NONE_INDEX, type Residuals } from './residual.ts';
import type { Rows } from './rows-section.ts';
import type { ScanBlock, ScanRun } from './scan-block.ts';

/** Which records of a run are asked for: times in [from, to), offsets in [lowest, highest). */
export interface Window {
  from: number;
  to: number;
  lowest: number;
  highest: number;
}

/** The matching records of a block. */
export interface Matches {
  rows: Rows;
  runs: ScanRun[];
  /** Ascending. */
  records: Uint32Array;
  /** Which run each record of the block belongs to (only filled for runs that were looked at). */
  runOf: Uint32Array;
}

/** Evaluates one query on blocks; keeps what it compiled. Not for two blocks at a time. */
export interface BlockMatcher {
  residuals: Residuals;
  /**
   * `windowOf` says what is asked of a run, null for nothing. Null when nothing matches. `textRead` tells the bytes of text
   * that had to be decoded.
   */
  match(block: ScanBlock, windowOf: (run: ScanRun) => Window | null): Matches | null;
  textRead: number;
}

interface Needed {
  /** By residual: 1 when it is to be asked. */
  state: Uint8Array;
  /** Every record asked for depends on its text, and times leave none of them out. */
  textOnly: boolean;
}

export function createBlockMatcher(query: Query): BlockMatcher {
  const residuals = createResiduals(query);
  const matchers: (Matcher | undefined)[] = [];
  let want = new Uint8Array(0);
  let runOf = new Uint32Array(0);

  const plan = bloomPlan(query);
  const matcherAt = (index: number): Matcher => (matchers[index] ??= compileMatcher(residuals.distinct[index]));

  const mayPass = (block: ScanBlock, index: number): boolean =>
    (block.inHead && residuals.distinct[index] === query) || block.passes(matcherAt(index).bloom);

  /** Residuals that live runs need and the block's bloom does not rule out. */
  function neededText(block: ScanBlock, runs: ScanRun[], windows: (Window | null)[]): Needed | null {
    const state = new Uint8Array(256);
    state[ALL_INDEX] = 1;
    let any = false;
    let textOnly = true;
    for (let r = 0; r < runs.length; r++) {
      const window = windows[r];
      if (!window) continue;
      const cells = residuals.of(runs[r].source);
      let live = false;
      for (let set = runs[r].cells; set !== 0; set &= set - 1) {
        const index = cells[31 - Math.clz32(set & -set)];
        if (index === NONE_INDEX) continue;
        if (index !== ALL_INDEX && state[index] === 0) state[index] = mayPass(block, index) ? 1 : 2;
        if (state[index] === 1 || index === ALL_INDEX) live = true;
        if (index === ALL_INDEX) textOnly = false;
      }
      if (live) any = true;
      else windows[r] = null;
      if (live && (runs[r].first < window.from || runs[r].last >= window.to)) textOnly = false;
    }
    return any ? { state, textOnly } : null;
  }

  /** Looks through a block's text, where nothing else is asked of it, before its rows are decoded: most are not needed then. */
  function mayHoldText(block: ScanBlock, { state, textOnly }: Needed): boolean {
    if (block.inHead || !textOnly) return true;
    const live = residuals.distinct.flatMap((_, index) => (state[index] === 1 && index !== ALL_INDEX ? [index] : []));
    const text = block.text();
    if (live.some((index) => matcherAt(index).mayHold(text))) return true;
    self.textRead += block.rawBytes;
    return false;
  }

  const self: BlockMatcher = {
    residuals,
    textRead: 0,
    match(block, windowOf) {
      // Its frames may be thousands: a head without the words of the query is left before anything is made of them.
      if (block.inHead && !block.passes(plan)) return null;
      const runs = block.runs();
      const windows = runs.map((run) => {
        const window = windowOf(run);
        if (!window || run.last < window.from || run.first >= window.to) return null;
        return run.highest < window.lowest || run.lowest >= window.highest ? null : window;
      });
      const needed = neededText(block, runs, windows);
      if (!needed || !mayHoldText(block, needed)) return null;
      const { state } = needed;
      const rows = block.rows();
      const n = rows.count;
      if (want.length < n) {
        want = new Uint8Array(n);
        runOf = new Uint32Array(n);
      } else want.fill(0, 0, n);
      const { times, offsets, flags, levels } = rows;
      let matched = 0;
      const pending = new Set<number>();
      let low = n;
      let high = 0;
      for (let r = 0, end = 0, i = 0; r < runs.length; r++) {
        end += runs[r].count;
        const window = windows[r];
        if (!window) {
          i = end;
          continue;
        }
        const cells = residuals.of(runs[r].source);
        for (; i < end; i++) {
          const time = times[i];
          if (time < window.from || time >= window.to) continue;
          const offset = offsets[i];
          if (offset < window.lowest || offset >= window.highest) continue;
          const index = cells[cellOf(flags[i], levels[i])];
          if (state[index] !== 1) continue;
          runOf[i] = r;
          want[i] = index;
          if (index === ALL_INDEX) matched++;
          else {
            pending.add(index);
            if (i < low) low = i;
            high = i + 1;
          }
        }
      }
      if (pending.size > 0) {
        const text = block.text();
        self.textRead += block.rawBytes;
        const view: MatchView = { source: runs[0].source, stream: 'stdout', level: null, message: '' };
        const viewOf = (i: number): MatchView => {
          view.source = runs[runOf[i]].source;
          view.stream = STREAMS[flags[i] & 3];
          view.level = levelName(levels[i]);
          return view;
        };
        for (const index of pending) {
          let next = low;
          matcherAt(index).scan(
            text,
            rows.ends,
            low,
            high,
            (i) => want[i] === index,
            viewOf,
            (i) => {
              for (; next < i; next++) if (want[next] === index) want[next] = NONE_INDEX;
              want[i] = ALL_INDEX;
              next = i + 1;
              matched++;
            },
          );
          for (; next < high; next++) if (want[next] === index) want[next] = NONE_INDEX;
        }
      }
      if (matched === 0) return null;
      const records = new Uint32Array(matched);
      for (let i = 0, k = 0; k < matched; i++) if (want[i] === ALL_INDEX) records[k++] = i;
      return { rows, runs, records, runOf };
    },
  };
  return self;
}
