import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { FleetlogError } from '../../model/errors.ts';
import { sendError } from '../embedded/thread-calls.ts';
import type { GlanceRequest, SeriesRequest, TopRequest } from '../metric-store.ts';
import { answerGlance, answerSeries, answerTop, type Ground } from './answers.ts';
import { type Engine, type Keep, openEngine, type Tick } from './engine.ts';

/** Requests without their signal: `gone[0]` becomes 1 when nobody waits for the answer any more. */
export type MetricCall =
  | { call: number; op: 'append'; ticks: Tick[] }
  | { call: number; op: 'series'; request: SeriesRequest; now: number; gone: Int32Array }
  | { call: number; op: 'top'; request: TopRequest; now: number; gone: Int32Array }
  | { call: number; op: 'glance'; request: GlanceRequest; now: number; gone: Int32Array }
  | { call: number; op: 'maintain'; now: number }
  | { call: number; op: 'close' };

export interface MetricThreadData {
  file: string;
  keep: Keep;
  resolution: number;
}

export type MetricReply = { call: number; value: unknown } | { call: number; error: ReturnType<typeof sendError> };

/** Coding, commits and sums of long ranges take tens of milliseconds: none of them in the thread that serves people. */
function serve(port: MessagePort, { file, keep, resolution }: MetricThreadData): void {
  let engine: Engine;
  try {
    engine = openEngine(file);
  } catch (error) {
    port.postMessage({ call: -1, error: sendError(error) } satisfies MetricReply);
    port.close();
    return;
  }

  function answer(message: MetricCall): unknown {
    if (message.op === 'append') return engine.append(message.ticks);
    if (message.op === 'maintain') return engine.maintain(message.now, keep);
    if (message.op === 'close') return engine.close();
    const { now, gone } = message;
    const check = (): void => {
      if (Atomics.load(gone, 0) === 1) throw new FleetlogError('cancelled');
    };
    const ground: Ground = { engine, now, resolution, keep, check };
    if (message.op === 'series') return answerSeries(ground, message.request);
    if (message.op === 'top') return answerTop(ground, message.request);
    return answerGlance(ground, message.request);
  }

  port.on('message', (message: MetricCall) => {
    const { call } = message;
    let reply: MetricReply;
    try {
      reply = { call, value: answer(message) };
    } catch (error) {
      reply = { call, error: sendError(error) };
    }
    port.postMessage(reply);
    if (message.op === 'close') port.close();
  });
  port.postMessage({ call: -1, value: null } satisfies MetricReply);
}

if (parentPort) serve(parentPort, workerData as MetricThreadData);
