import type { FileState, Gap, Intent, Progress } from './file-state.ts';

/** The journal's vocabulary. Every record is absolute, so that applying one twice changes nothing. */
export type JournalRecord =
  | ['file', FileState]
  | ['ack', string, Progress]
  | ['intent', string, Intent]
  | ['gone', string]
  | ['gap', Gap]
  | ['told', number];

/** What a checkpoint holds. */
export interface CheckpointState {
  files: Map<string, FileState>;
  /** Losses not yet told in an acknowledged status batch. */
  gaps: Gap[];
}

const encoded = new Set(['file', 'ack', 'intent', 'gone', 'gap', 'told']);

export function parseRecord(payload: string): JournalRecord | null {
  const value: unknown = JSON.parse(payload);
  return Array.isArray(value) && encoded.has(value[0] as string) ? (value as JournalRecord) : null;
}

/** Applies one record. Acknowledgements of files the state does not know are ignored: their file record was never durable. */
export function applyRecord(state: CheckpointState, record: JournalRecord): void {
  switch (record[0]) {
    case 'file':
      state.files.set(record[1].fid, record[1]);
      return;
    case 'ack': {
      const file = state.files.get(record[1]);
      if (!file) return;
      Object.assign(file, record[2]);
      file.intents = file.intents.filter((intent) => !isDone(file, intent));
      return;
    }
    case 'intent': {
      const file = state.files.get(record[1]);
      if (!file) return;
      const { gen, start } = record[2];
      const known = file.intents.some((intent) => intent.gen === gen && intent.start === start);
      if (!known && !isDone(file, record[2])) file.intents.push(record[2]);
      return;
    }
    case 'gone':
      state.files.delete(record[1]);
      return;
    case 'gap':
      state.gaps.push(record[1]);
      return;
    case 'told':
      state.gaps.splice(0, record[1]);
  }
}

/** An intent of the acknowledged generation that ends at or before the acknowledged offset. */
function isDone(file: FileState, intent: Intent): boolean {
  return intent.gen === file.gen && intent.end <= file.offset;
}
