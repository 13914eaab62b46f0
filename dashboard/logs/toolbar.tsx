import { type Ref, useState } from 'react';
import { useClient } from '../client/client.tsx';
import type { Range, RangeText } from '../format/range.ts';
import { clockText, isoTime, type Zone } from '../format/time.ts';
import { Button } from '../shell/controls.tsx';
import { Popover } from '../shell/popover.tsx';
import { useWords } from '../words/words.tsx';
import { QueryBox, type QueryBoxHandle } from './query-box.tsx';
import type { QueryMistake, QueryParser } from './query-parser.ts';
import { TimeBox } from './time-box.tsx';
import styles from './toolbar.module.css';
import type { LogsUrl } from './url-state.ts';

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
      <QueryBox
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
        live={
          props.liveSince === null
            ? null
            : `${words.tail.live} ${words.time.since(clockText(props.liveSince, props.zone))}`
        }
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
      <Export {...props} />
    </div>
  );
}

function Export({ url, range }: ToolbarProps) {
  const words = useWords().logs;
  const client = useClient();
  const [open, setOpen] = useState(false);
  const control = (
    <Button
      look="ghost"
      icon="export"
      label={words.export}
      aria-haspopup="dialog"
      aria-expanded={open}
      onClick={() => setOpen(!open)}
    />
  );
  return (
    <Popover open={open} onClose={() => setOpen(false)} label={words.export} control={control} className={styles.menu}>
      {(['text', 'ndjson', 'csv'] as const).map((format) => (
        <a
          key={format}
          download
          href={client.exportUrl({
            query: url.query,
            from: isoTime(range.from),
            to: isoTime(range.to),
            format,
            order: url.order,
          })}
          onClick={() => setOpen(false)}
        >
          {words.exportAs(format)}
        </a>
      ))}
    </Popover>
  );
}
