import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { Source } from '../../model/source.ts';
import { createHeadBlocks } from './head-blocks.ts';
import { createReaderCache } from './reader-cache.ts';
import { type ScanCall, type ScanReply, scanControl } from './scan-request.ts';
import { createScanWork, type ScanWork } from './scan-work.ts';
import { sendError } from './thread-calls.ts';

/** A scan thread: its scans take turns of a few ms, so that a short query does not wait behind a long one. */
const { dir } = workerData as { dir: string };
const port = parentPort!;
const readers = createReaderCache(dir);
const heads = createHeadBlocks();
const sources = new Map<number, Source>();
const active = new Map<number, { work: ScanWork; steps: Generator<void, void, void> }>();
let running = false;

function receive(call: ScanCall): void {
  if (call.type === 'forget') {
    readers.forget(call.segments);
    heads.forget(call.chunks);
    for (const number of call.sources) sources.delete(number);
    return;
  }
  for (const [number, source] of call.sources) sources.set(number, source);
  try {
    const input = {
      request: call.request,
      control: scanControl(call.control),
      units: new Float64Array(call.units),
      chunks: call.chunks,
    };
    const work = createScanWork(input, { heads, sources, segment: readers.open });
    active.set(call.id, { work, steps: work.steps() });
  } catch (error) {
    refuse(call.id, error);
  }
}

function refuse(id: number, error: unknown): void {
  const stats = { blocksRead: 0, blocksTotal: 0, bytesRead: 0 };
  port.postMessage({ id, stats, damaged: [], error: sendError(error) } satisfies ScanReply);
}

function finish(id: number, work: ScanWork): void {
  const { answer, transfer } = work.answer();
  const reply: ScanReply = { id, answer, stats: work.stats, damaged: work.damaged, unseen: work.unseen };
  port.postMessage(reply, transfer);
}

/**
 * A turn, ms: about a block that has to be read. A search for a rare word goes by hundreds of blocks with a look at their filter; were each
 * of those a turn, it would wait for as many blocks of a long query.
 */
const TURN_MS = 2;

function round(): void {
  for (const [id, { work, steps }] of active) {
    const until = performance.now() + TURN_MS;
    try {
      let done = false;
      do done = steps.next().done ?? false;
      while (!done && performance.now() < until);
      if (!done) continue;
      active.delete(id);
      finish(id, work);
    } catch (error) {
      active.delete(id);
      refuse(id, error);
    }
  }
}

function run(): void {
  running = true;
  while (active.size > 0) {
    round();
    for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) receive(next.message);
  }
  running = false;
}

port.on('message', (call: ScanCall) => {
  receive(call);
  if (!running) run();
});
