import { useEffect, useRef, useState } from 'react';
import { useClient } from '../client/client.tsx';
import { type DownloadProgress, download, saveBlob } from '../client/download.ts';
import { bytes, count } from '../format/number.ts';
import type { Range } from '../format/range.ts';
import { isoTime } from '../format/time.ts';
import { Button, Segments } from '../shell/controls.tsx';
import { useWords } from '../words/words.tsx';
import styles from './export-dialog.module.css';
import type { Order } from './url-state.ts';

const FORMATS = ['text', 'ndjson', 'csv'] as const;
type Format = (typeof FORMATS)[number];
const ENDINGS: Record<Format, string> = { text: 'log', ndjson: 'ndjson', csv: 'csv' };

type State =
  | { kind: 'ready' }
  | { kind: 'running'; done: DownloadProgress }
  | { kind: 'done'; done: DownloadProgress }
  | { kind: 'failed'; message: string }
  | { kind: 'cancelled' };

/** The whole result as a file: how far it is, and a way to stop it. */
export default function ExportDialog(props: {
  query: string;
  range: Range;
  order: Order;
  /** Lines the result has, null while unknown. */
  total: number | null;
  onClose(): void;
}) {
  const { query, range, order, total } = props;
  const all = useWords();
  const words = all.search.export;
  const client = useClient();
  const [format, setFormat] = useState<Format>('text');
  const [state, setState] = useState<State>({ kind: 'ready' });
  const abort = useRef<AbortController | null>(null);
  useEffect(() => () => abort.current?.abort(), []);
  const url = client.exportUrl({ query, from: isoTime(range.from), to: isoTime(range.to), format, order });
  const name = `logs-${isoTime(range.from).slice(0, 19).replace(/[:T]/g, '')}.${ENDINGS[format]}`;

  const start = () => {
    const own = new AbortController();
    abort.current = own;
    let drawn = 0;
    let last: DownloadProgress = { bytes: 0, lines: 0 };
    setState({ kind: 'running', done: last });
    download(
      url,
      (done) => {
        last = done;
        const now = performance.now();
        if (now - drawn < 100) return;
        drawn = now;
        setState({ kind: 'running', done });
      },
      own.signal,
    ).then(
      (blob) => {
        saveBlob(blob, name);
        setState({ kind: 'done', done: last });
      },
      (error: Error) =>
        setState(own.signal.aborted ? { kind: 'cancelled' } : { kind: 'failed', message: error.message }),
    );
  };

  const running = state.kind === 'running';
  const done = state.kind === 'running' || state.kind === 'done' ? state.done : null;
  // A line of the result may hold several lines of text, so the bar may be early but never late.
  const share = done === null || total === null || total === 0 ? null : Math.min(1, done.lines / total);
  return (
    <div className={styles.panel}>
      <p>{total === null ? words.lead : words.leadOf(all.logs.lines(total))}</p>
      <Segments<Format>
        label={words.format}
        value={format}
        onChange={(next) => !running && setFormat(next)}
        options={FORMATS.map((one) => ({ value: one, text: words.formats[one] }))}
      />
      <p className={styles.why}>{words.why[format]}</p>
      {done !== null && (
        <>
          <progress aria-label={words.progress} max={1} value={state.kind === 'done' ? 1 : (share ?? undefined)} />
          <p className="num" role="status">
            {state.kind === 'done'
              ? words.done(name, bytes(done.bytes))
              : words.running(count(done.lines), total === null ? '' : count(total), bytes(done.bytes))}
          </p>
        </>
      )}
      {state.kind === 'failed' && (
        <p role="alert" className={styles.error}>
          {state.message}
        </p>
      )}
      {state.kind === 'cancelled' && <p role="status">{words.cancelled}</p>}
      <div className={styles.act}>
        <a href={url} download={name} onClick={props.onClose}>
          {words.plain}
        </a>
        <span className="grow" />
        {running ? (
          <Button small onClick={() => abort.current?.abort()}>
            {all.cancel}
          </Button>
        ) : (
          <>
            <Button small look="ghost" onClick={props.onClose}>
              {all.close}
            </Button>
            <Button small look="primary" icon="export" onClick={start}>
              {words.start}
            </Button>
          </>
        )}
      </div>
    </div>
  );
}
