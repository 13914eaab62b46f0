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

/** A thread of this folder: unbuilt TypeScript in a checkout, JavaScript in the published package. */
export function startThread(name: string, workerData: unknown): Worker {
  const suffix = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
  return new Worker(new URL(`./${name}${suffix}`, import.meta.url), { workerData, name: `fleetlog-${name}` });
}
