import { closeSync, fsyncSync, openSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { type FlushJob, flushHead } from './flush.ts';
import type { Mark } from './head.ts';
import { type Manifest, type ManifestChange, type ManifestContent, openManifest } from './manifest.ts';
import { type MergeJob, mergeSegments } from './merge.ts';
import type { SegmentRow } from './segment-writer.ts';
import { type SentError, sendError } from './thread-calls.ts';

/** What the writer thread is asked to do; it does one thing after the other and alone touches the manifest. */
export type WriterCall =
  | { type: 'read' }
  | { type: 'flush'; job: Omit<FlushJob, 'nextId'>; marks: Mark[] }
  | { type: 'merge'; job: Omit<MergeJob, 'id'> }
  | { type: 'commit'; change: Omit<ManifestChange, 'nextSegment'> }
  | { type: 'close' };

export interface WriterAnswer {
  id: number;
  content?: ManifestContent;
  rows?: SegmentRow[];
  error?: SentError;
}

const { dir } = workerData as { dir: string };
const port = parentPort!;
const nothing = { add: [], remove: [], marks: [], forget: [] };
const manifest = open();
let nextSegment = 0;

/** Kept apart from the calls so that each of them can say why the manifest cannot be opened. */
function open(): () => Manifest {
  let opened: Manifest | null = null;
  return () => (opened ??= openManifest(`${dir}/manifest.db`));
}

/** New segment files must be found after a power cut before the manifest speaks of them. */
function syncDir(): void {
  const fd = openSync(dir, 'r');
  fsyncSync(fd);
  closeSync(fd);
}

function commit(change: Omit<ManifestChange, 'nextSegment'>): void {
  for (const row of change.add) nextSegment = Math.max(nextSegment, row.id + 1);
  manifest().commit({ ...change, nextSegment });
}

function answer(call: WriterCall): Omit<WriterAnswer, 'id'> {
  switch (call.type) {
    case 'read': {
      const content = manifest().read();
      nextSegment = content.nextSegment;
      return { content };
    }
    case 'flush': {
      const rows = flushHead({ ...call.job, nextId: nextSegment });
      syncDir();
      commit({ ...nothing, add: rows, marks: call.marks });
      return { rows };
    }
    case 'merge': {
      const row = mergeSegments({ ...call.job, id: nextSegment });
      syncDir();
      commit({ ...nothing, add: [row], remove: call.job.segments });
      return { rows: [row] };
    }
    case 'commit':
      commit(call.change);
      return {};
    case 'close':
      manifest().close();
      return {};
  }
}

port.on('message', ({ id, call }: { id: number; call: WriterCall }) => {
  try {
    port.postMessage({ id, ...answer(call) } satisfies WriterAnswer);
  } catch (error) {
    port.postMessage({ id, error: sendError(error) } satisfies WriterAnswer);
  }
  if (call.type === 'close') port.close();
});
