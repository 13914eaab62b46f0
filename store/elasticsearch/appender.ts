import type { LinesBatch } from '../../model/batch.ts';
import type { Clock } from '../../model/clock.ts';
import type { RetentionClasses } from '../../model/retention-classes.ts';
import { type Source, sourceKey } from '../../model/source.ts';
import type { AppendResult, RefusedRecord } from '../log-store.ts';
import type { BulkWriter, PendingDocument } from './bulk-writer.ts';
import type { ElasticsearchClient } from './client.ts';
import { documentId, fileHash } from './document-id.ts';
import { createDocumentWriter, type RecordInput, type SourcePart, sourcePart } from './documents.ts';
import { createFileStates } from './file-states.ts';
import { DAY_US, type IndexNames } from './index-names.ts';
import type { Refresher } from './refresher.ts';
import { batchOfRecord, selectRecords } from './select-records.ts';
import { readStoredLines } from './stored-lines.ts';

/** Sources whose part of a document is kept written. */
const MOST_SOURCES = 20_000;

export interface AppenderOptions {
  client: ElasticsearchClient;
  names: IndexNames;
  classes: RetentionClasses;
  writer: BulkWriter;
  refresher: Refresher;
  clock: Clock;
}

export interface Appender {
  append(batches: LinesBatch[]): Promise<AppendResult>;
  files(): number;
}

/** Everything one call of `append` waits for. */
class Entry {
  readonly result: AppendResult = { stored: 0, suppressed: 0, tooOld: 0 };
  readonly refused: RefusedRecord[] = [];
  readonly indices = new Set<string>();
  readonly settled: Promise<void>;
  #open = 1;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;

  constructor() {
    this.settled = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.settled.catch(() => undefined);
  }

  open(): void {
    this.#open++;
  }

  /** One document less to wait for. */
  close(): void {
    if (--this.#open === 0) this.#resolve();
  }

  fail(error: unknown): void {
    this.#reject(error);
  }
}

/**
 * The write path. Calls are staged one after the other: what is stored already is left out, the rest becomes documents. A call resolves
 * when all of its documents are acknowledged and searchable; when the cluster does not take them, every call under way fails
 * and is sent again, which the documents' ids make harmless.
 */
export function createAppender(options: AppenderOptions): Appender {
  const { client, names, classes, writer, refresher, clock } = options;
  const files = createFileStates();
  const write = createDocumentWriter();
  const parts = new Map<string, { part: SourcePart; class: string; days: number }>();
  const partOf = new WeakMap<Source, { part: SourcePart; class: string; days: number }>();
  const entries = new Set<Entry>();
  let turn: Promise<unknown> = Promise.resolve();

  function describe(source: Source): { part: SourcePart; class: string; days: number } {
    let known = partOf.get(source);
    if (known) return known;
    const key = sourceKey(source);
    known = parts.get(key);
    if (!known) {
      const { name, days } = classes.of(source.app, source.env);
      known = { part: sourcePart(source), class: name, days };
      parts.set(key, known);
      if (parts.size > MOST_SOURCES) parts.delete(parts.keys().next().value as string);
    }
    partOf.set(source, known);
    return known;
  }

  /** Everything staged may rest on what failed. */
  function failAll(error: unknown): void {
    files.clear();
    for (const entry of entries) entry.fail(error);
    entries.clear();
  }

  async function stage(batches: LinesBatch[], entry: Entry): Promise<void> {
    const wanted = files.unknown(batches);
    if (wanted.length > 0) {
      const stored = await readStoredLines(client, names, wanted);
      for (const [i, one] of wanted.entries()) files.learn(one, stored[i]);
    }
    const documents: PendingDocument[] = [];
    for (const batch of batches) {
      const about = describe(batch.source);
      const now = clock.nowUs();
      const { records, suppressed, tooOld } = selectRecords(batch, files.isStored(batch), now - about.days * DAY_US);
      files.add(batch);
      entry.result.suppressed += suppressed;
      entry.result.tooOld += tooOld;
      if (records.length === 0) continue;
      const hash = fileHash(batch.fid, batch.gen);
      const lane = hash[0];
      for (const record of records) {
        const index = names.of(about.class, record.time, now);
        entry.indices.add(index);
        const json = write(about.part, record);
        const document = { lane, index, id: documentId(record, hash), json, bytes: Buffer.byteLength(json) };
        documents.push(pending(entry, batch, record, document));
      }
    }
    writer.add(documents);
  }

  function pending(
    entry: Entry,
    batch: LinesBatch,
    record: RecordInput,
    document: Pick<PendingDocument, 'lane' | 'index' | 'id' | 'json' | 'bytes'>,
  ): PendingDocument {
    entry.open();
    return {
      ...document,
      done(outcome) {
        if (outcome.type === 'stored') entry.result.stored++;
        else if (outcome.type === 'known') entry.result.suppressed++;
        else {
          entry.refused.push({ batch: batchOfRecord(batch, record), reason: outcome.reason });
          files.forget(batch.fid, batch.gen);
        }
        entry.close();
      },
      failed: failAll,
    };
  }

  return {
    async append(batches) {
      const entry = new Entry();
      const mine = turn.then(async () => {
        entries.add(entry);
        try {
          await stage(batches, entry);
          entry.close();
        } catch (error) {
          failAll(error);
        }
      });
      turn = mine;
      await mine;
      try {
        await entry.settled;
        if (entry.indices.size > 0) {
          // A call that only found known documents waits too: another process may have written them just now.
          await refresher.visible(entry.indices).catch((error) => {
            failAll(error);
            throw error;
          });
        }
      } finally {
        entries.delete(entry);
      }
      return entry.refused.length > 0 ? { ...entry.result, refused: entry.refused } : entry.result;
    },
    files: files.size,
  };
}
