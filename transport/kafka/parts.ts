import { randomBytes } from 'node:crypto';

/**
 * A batch larger than a record travels as consecutive records of its partition, each with the header `part: <id>/<index>/<of>`. A batch is put
 * together from the parts of one id only: a sender that was interrupted begins anew under another id.
 */
export const PART_HEADER = 'part';

export interface Piece {
  value: Buffer;
  headers?: Record<string, string>;
}

/** What a record of kafkajs needs besides key and value, generously: offsets, lengths, the header. */
export const RECORD_OVERHEAD = 200;

export function cutBatch(batch: Buffer, limit: number): Piece[] {
  if (batch.length <= limit) return [{ value: batch }];
  const of = Math.ceil(batch.length / limit);
  const id = randomBytes(9).toString('base64url');
  return Array.from({ length: of }, (_, index) => ({
    value: batch.subarray(index * limit, (index + 1) * limit),
    headers: { [PART_HEADER]: `${id}/${index}/${of}` },
  }));
}

export interface PartRecord {
  offset: string;
  key: Buffer | null;
  value: Buffer | null;
  headers?: Record<string, Buffer | string | (Buffer | string)[] | undefined>;
}

interface Open {
  id: string;
  of: number;
  firstOffset: bigint;
  parts: Buffer[];
}

export interface Whole {
  key: string;
  batch: Buffer;
  /** Offset of its last record. */
  offset: bigint;
}

/** What is whole after these records, and what is open then; nothing changes until `accept`. */
export interface Reading {
  whole: Whole[];
  /** Records that belong to no batch: parts whose beginning was given up by their sender. */
  orphans: number;
  /** Offset from which a reader has to begin so that nothing is missing, once all of `whole` up to `index` (exclusive) is stored. */
  resumeAt(index: number): bigint;
  accept(): void;
}

/** Puts the batches of one partition together. */
export interface Assembler {
  read(records: PartRecord[]): Reading;
  /** Lets go of batches whose sender has gone; gives their number. Call it when nothing has been added for long. */
  abandon(): number;
  open(): number;
}

export function createAssembler(): Assembler {
  let open = new Map<string, Open>();

  return {
    read(records) {
      const next = new Map(open);
      const whole: Whole[] = [];
      /** Least first offset of what was open just after each whole batch, at 0 before the first. */
      const leastOpen: (bigint | null)[] = [least(open)];
      let orphans = 0;
      for (const record of records) {
        const key = record.key?.toString('utf8') ?? '';
        const value = record.value ?? Buffer.alloc(0);
        const offset = BigInt(record.offset);
        const header = partHeader(record);
        if (!header) {
          next.delete(key);
          whole.push({ key, batch: value, offset });
          leastOpen.push(least(next));
          continue;
        }
        const { id, index, of } = header;
        const before = next.get(key);
        if (index === 0) next.set(key, { id, of, firstOffset: offset, parts: [value] });
        else if (before?.id === id && before.parts.length === index)
          next.set(key, { ...before, parts: [...before.parts, value] });
        else if (before?.id === id && index < before.parts.length) continue;
        else orphans++;
        const now = next.get(key);
        if (now?.id === id && now.parts.length === of) {
          next.delete(key);
          whole.push({ key, batch: Buffer.concat(now.parts), offset });
          leastOpen.push(least(next));
        }
      }
      const end = records.length === 0 ? null : BigInt(records[records.length - 1].offset) + 1n;
      return {
        whole,
        orphans,
        resumeAt(index) {
          const all = index === whole.length;
          const stored = all ? end : index === 0 ? null : whole[index - 1].offset + 1n;
          const opened = all ? least(next) : leastOpen[index];
          if (stored === null) return opened ?? (records.length > 0 ? BigInt(records[0].offset) : 0n);
          return opened !== null && opened < stored ? opened : stored;
        },
        accept() {
          open = next;
        },
      };
    },
    abandon() {
      const { size } = open;
      open = new Map();
      return size;
    },
    open: () => open.size,
  };
}

function least(open: Map<string, Open>): bigint | null {
  let first: bigint | null = null;
  for (const one of open.values()) if (first === null || one.firstOffset < first) first = one.firstOffset;
  return first;
}

function partHeader(record: PartRecord): { id: string; index: number; of: number } | null {
  const raw = record.headers?.[PART_HEADER];
  if (raw === undefined) return null;
  const match = /^([^/]{1,64})\/(\d{1,6})\/(\d{1,6})$/.exec(String(Array.isArray(raw) ? raw[0] : raw));
  return match && { id: match[1], index: Number(match[2]), of: Number(match[3]) };
}
