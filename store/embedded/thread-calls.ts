import { Worker } from 'node:worker_threads';
import { ERRORS, type ErrorCode, FleetlogError } from '../../model/errors.ts';

/** An error as it crosses between threads. */
export interface SentError {
  code: string;
  message: string;
  hint?: string;
}

export function sendError(error: unknown): SentError {
  if (error instanceof FleetlogError) return { code: error.code, message: error.message, hint: error.hint };
  const { code, message, stack } = error as NodeJS.ErrnoException;
  return { code: code ?? 'internal', message: code ? message : (stack ?? String(error)) };
}

/** The error as the sending thread had it; system errors keep their `code` (ENOSPC). */
export function receiveError(sent: SentError): Error {
  if (sent.code in ERRORS) return new FleetlogError(sent.code as ErrorCode, sent.message, { hint: sent.hint });
  return Object.assign(new Error(sent.message), { code: sent.code });
}

/**
 * Young objects of a thread, MB: its work leaves short-lived ones, and V8 lets half-empty spaces of 48 MB stand otherwise. Larger ones
 * save no time.
 */
const YOUNG_MB = 6;

/** A thread of this folder, or of one beside it: unbuilt TypeScript in a checkout, JavaScript in the published package. */
export function startThread(name: string, workerData: unknown, folder = '.'): Worker {
  const options = { workerData, name: `fleetlog-${name}`, resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB } };
  if (!import.meta.url.endsWith('.ts')) return new Worker(new URL(`${folder}/${name}.js`, import.meta.url), options);
  // The cache holds the types stripped: without it each thread loads the stripper, 17 MB.
  const url = JSON.stringify(new URL(`${folder}/${name}.ts`, import.meta.url).href);
  return new Worker(`require('node:module').enableCompileCache(); import(${url})`, { ...options, eval: true });
}
