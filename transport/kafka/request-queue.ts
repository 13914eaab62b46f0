import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';

/**
 * kafkajs 2.2.4 asks after every response when the next queued request may go, and takes "never throttled" (-1) for a moment in time: with
 * nothing queued it sets a timer of -1 - Date.now() ms. Node runs that after 1 ms (and since 24 warns of a negative timeout), the timer asks
 * again, and so on: a thousand wake-ups a second for each idle connection. Here nothing queued means no timer; whatever makes the
 * queue non-empty schedules by itself, as before.
 */
export function mendRequestQueue(): void {
  const prototype = RequestQueue.prototype as QueueInside & { mended?: true };
  if (prototype.mended) return;
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function (this: QueueInside) {
    if (this.pending.length > 0) schedule.call(this);
  };
  prototype.mended = true;
}

interface QueueInside {
  pending: unknown[];
  scheduleCheckPendingRequests(): void;
}
