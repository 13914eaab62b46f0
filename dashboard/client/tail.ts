import type { ApiRecord, TailEnd, TailSkipped, TailWatermark } from '../../api/contract.ts';

export interface TailEvents {
  record(record: ApiRecord): void;
  skipped(skipped: TailSkipped): void;
  watermark(watermark: TailWatermark): void;
  open(): void;
  /** The connection broke; the browser reconnects with Last-Event-ID by itself. */
  lost(): void;
  /** The server refused: no more will come. */
  refused(): void;
}

/** A live view of `logs/tail`. `source` is EventSource but in tests. */
export function startTail(
  url: string,
  events: TailEvents,
  source: (url: string) => EventSource = (u) => new EventSource(u),
): { close(): void } {
  const stream = source(url);
  const data = <T>(event: Event) => JSON.parse((event as MessageEvent<string>).data) as T;
  stream.addEventListener('record', (event) => events.record(data<ApiRecord>(event)));
  stream.addEventListener('skipped', (event) => events.skipped(data<TailSkipped>(event)));
  stream.addEventListener('watermark', (event) => events.watermark(data<TailWatermark>(event)));
  stream.addEventListener('end', (event) => {
    // A server that stops comes back and the browser with it; a session that ended does not.
    if (data<TailEnd>(event).reason === 'shutdown') return;
    stream.close();
    events.refused();
  });
  stream.addEventListener('open', () => events.open());
  stream.addEventListener('error', () => (stream.readyState === 2 ? events.refused() : events.lost()));
  return { close: () => stream.close() };
}
