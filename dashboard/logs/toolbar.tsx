import type { Ref } from 'react';
import type { Range, RangeText } from '../format/range.ts';
import { clockText, type Zone } from '../format/time.ts';
import { Button } from '../shell/controls.tsx';
import { useWords } from '../words/words.tsx';
import { ExportButton } from './export-button.tsx';
import { QueryBox, type QueryBoxHandle } from './query-box.tsx';
import type { QueryMistake, QueryParser } from './query-parser.ts';
import { TimeBox } from './time-box.tsx';
import styles from './toolbar.module.css';
import type { LogsUrl } from './url-state.ts';
import { ViewsMenu } from './views-menu.tsx';

interface ToolbarProps {
  url: LogsUrl;
  range: Range;
  zone: Zone;
  nowUs: number;
  parser: QueryParser | null;
  refused: QueryMistake | null;
  running: boolean;
  empty: boolean;
  /** Clauses the filters stand for; null hides the button because the filters are in view. */
  filters: number | null;
  /** Set while the live view is paused. */
  paused: boolean;
  liveSince: number | null;
  box: Ref<QueryBoxHandle>;
  /** Fields seen in the lines so far. */
  seen: string[];
  total: number | null;
  exporting: boolean;
  lastDeploy: number | null;
  onExport(open: boolean): void;
  onOpenView(url: LogsUrl): void;
  onRun(text: string): void;
  onStop(): void;
  onFilters(): void;
  onRange(range: RangeText): void;
  onZone(zone: Zone): void;
  onShift(direction: -1 | 1): void;
  onZoomOut(): void;
  onLive(): void;
  onCopyLink(): void;
}

/** Query, time, live, link and export: what is asked, all in one row. */
export function Toolbar(props: ToolbarProps) {
  const words = useWords().logs;
  const { url } = props;
  return (
    <div className={styles.bar}>
      {props.filters !== null && (
        <Button
          icon="filter"
          className={styles.filters}
          aria-label={props.filters > 0 ? words.facets.active(props.filters) : words.facets.show}
          onClick={props.onFilters}
        >
          {props.filters > 0 ? <span className={styles.badge}>{props.filters}</span> : null}
        </Button>
      )}
      <ViewsMenu url={url} onOpen={props.onOpenView} onQuery={props.onRun} />
      <QueryBox
        range={props.range}
        seen={props.seen}
        value={url.query}
        parser={props.parser}
        refused={props.refused}
        running={props.running}
        empty={props.empty}
        onRun={props.onRun}
        onStop={props.onStop}
        handle={props.box}
      />
      <TimeBox
        text={url.range}
        range={props.range}
        zone={props.zone}
        nowUs={props.nowUs}
        live={props.liveSince === null ? null : words.time.since(clockText(props.liveSince, props.zone))}
        lastDeploy={props.lastDeploy}
        onRange={props.onRange}
        onZone={props.onZone}
        onShift={props.onShift}
        onZoomOut={props.onZoomOut}
      />
      <Button
        aria-pressed={url.live}
        onClick={props.onLive}
        icon={url.live ? undefined : 'play'}
        aria-label={url.live ? words.tail.stop : words.tail.live}
      >
        {url.live && !props.paused && <span className={styles.pulse} />}
        {words.tail.live}
      </Button>
      <span className={styles.spring} />
      <Button look="ghost" icon="link" label={words.copyLink} onClick={props.onCopyLink} />
      <ExportButton
        query={url.query}
        range={props.range}
        order={url.order}
        total={props.total}
        open={props.exporting}
        onOpen={props.onExport}
      />
    </div>
  );
}
