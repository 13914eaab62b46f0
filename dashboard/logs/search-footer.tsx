import type { HistogramAnswer } from '../../api/contract.ts';
import { bytes, count, duration } from '../format/number.ts';
import type { Range } from '../format/range.ts';
import { useWords } from '../words/words.tsx';
import { Footer } from './footer.tsx';
import { totalIn } from './histogram-model.ts';
import type { LogsPage } from './page-state.ts';
import type { Rows } from './use-rows.ts';

/** What this search knows: complete up to when, how much of it is loaded, what it took. */
export function SearchFooter(props: {
  rows: Rows;
  page: LogsPage;
  range: Range;
  total: number | null;
  /** The whole range, when only a part of it is selected. */
  whole: HistogramAnswer | undefined;
  picked: boolean;
}) {
  const { rows, page, range, total } = props;
  const words = useWords();
  const { answer } = rows;
  const all = props.picked ? totalIn(props.whole, range, true) : null;
  const loaded = words.logs.foot.loaded(count(rows.lines), total === null ? words.unknown : count(total));
  return (
    <Footer
      completeTo={answer?.completeTo}
      gaps={answer?.gaps ?? []}
      zone={page.zone}
      to={range.to}
      nowUs={page.nowUs}
      middle={
        answer === null
          ? null
          : all === null || total === null
            ? loaded
            : `${words.search.selected(count(total), count(all))} · ${loaded}`
      }
      right={
        answer === null ? null : words.logs.foot.took(words.duration(duration(rows.tookMs)), bytes(rows.bytesRead))
      }
    />
  );
}
