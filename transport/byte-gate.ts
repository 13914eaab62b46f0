import { FleetlogError } from '../model/errors.ts';

/** Bounds the bytes a bus has accepted and not yet acknowledged; publishers wait here, first come first served. */
export interface ByteGate {
  /**
   * Calls `enter` when there is room (a batch larger than the whole capacity enters alone), now or later. Once it was called the bytes
   * count until `leave`. `reject` gets `cancelled` when the signal aborts before, `closed` when the gate closes before.
   */
  wait(bytes: number, enter: () => void, reject: (error: unknown) => void, signal?: AbortSignal): void;
  leave(bytes: number): void;
  bytes(): number;
  /** Lets nobody in any more; those who wait are refused. */
  close(): void;
}

interface Place {
  bytes: number;
  enter(): void;
  reject(error: unknown): void;
}

export function createByteGate(capacityBytes: number): ByteGate {
  const waiting: Place[] = [];
  let held = 0;
  let closed = false;
  const refusal = (): FleetlogError => new FleetlogError('closed', 'cannot publish: the bus is closed');

  function admit(): void {
    while (waiting.length > 0 && (held === 0 || held + waiting[0].bytes <= capacityBytes)) {
      const next = waiting.shift()!;
      held += next.bytes;
      next.enter();
    }
  }

  return {
    wait(bytes, enter, reject, signal) {
      if (closed) return reject(refusal());
      if (signal?.aborted) return reject(new FleetlogError('cancelled'));
      const place: Place = {
        bytes,
        enter() {
          signal?.removeEventListener('abort', giveUp);
          enter();
        },
        reject,
      };
      function giveUp(): void {
        const at = waiting.indexOf(place);
        if (at < 0) return;
        waiting.splice(at, 1);
        reject(new FleetlogError('cancelled', 'cannot publish: given up while the bus was full'));
      }
      signal?.addEventListener('abort', giveUp, { once: true });
      waiting.push(place);
      admit();
    },
    leave(bytes) {
      held -= bytes;
      admit();
    },
    bytes: () => held,
    close() {
      closed = true;
      for (const place of waiting.splice(0)) place.reject(refusal());
    },
  };
}
