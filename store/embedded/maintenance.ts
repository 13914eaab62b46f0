import { rename, unlink } from 'node:fs/promises';
import type { Clock } from '../../model/clock.ts';
import type { StoreConfig } from '../../model/config.ts';
import { isCode } from '../../model/errors.ts';
import type { RetentionClasses } from '../../model/retention-classes.ts';
import type { MaintenanceReport, Note } from '../log-store.ts';
import type { Catalog } from './catalog.ts';
import type { Disk } from './disk.ts';
import { DAY_US } from './flush.ts';
import type { Mark } from './head.ts';
import { oldestHolding, planMerges, planRetention } from './retention.ts';
import type { ScanOutcome, ScanPool } from './scan-pool.ts';
import { segmentFile } from './segment-format.ts';
import type { Writer } from './writer.ts';

export interface Maintenance {
  run(): Promise<MaintenanceReport>;
  /** Removes oldest segments while the disk is nearly full; says whether lines must be refused. Cheap: one statfs. */
  checkSpace(): Promise<Note[]>;
  /** True while lines must be refused. */
  full(): boolean;
  /** Notes for a read, and takes segments that cannot be opened out of service. */
  damageNotes(damaged: ScanOutcome['damaged']): Note[];
  telemetry: { removed: number; removedBytes: number; merges: number; quarantined: number; damagedBlocks: number };
}

export interface MaintenanceOptions {
  dir: string;
  store: StoreConfig;
  retentionBytes: number;
  classes: RetentionClasses;
  catalog: Catalog;
  marks: Map<string, Mark>;
  writer: Writer;
  scans: ScanPool;
  disk: Disk;
  clock: Clock;
  log: { warn(o: object, msg: string): void; error(o: object, msg: string): void };
}

/** Removed segments stay readable for reads under way; their files go when those have ended. */
export function createMaintenance(options: MaintenanceOptions): Maintenance {
  const { catalog, writer, scans, clock, disk, log } = options;
  const telemetry = { removed: 0, removedBytes: 0, merges: 0, quarantined: 0, damagedBlocks: 0 };
  /** Segments with damaged blocks: read as far as possible, never merged. */
  const hurt = new Set<number>();
  let full = false;
  let busy: Promise<unknown> = Promise.resolve();

  const nothing = { add: [], remove: [], marks: [], forget: [] };

  function dropFiles(ids: number[]): void {
    catalog.afterReads(() => {
      scans.forget({ segments: ids });
      for (const id of ids)
        unlink(segmentFile(options.dir, id)).catch((error: unknown) =>
          log.warn({ err: error, segment: id }, 'cannot remove a segment file'),
        );
    });
  }

  async function remove(ids: number[]): Promise<number> {
    if (ids.length === 0) return 0;
    await writer.call({ type: 'commit', change: { ...nothing, remove: ids } });
    let bytes = 0;
    for (const id of ids) {
      bytes += catalog.segments.get(id)?.bytes ?? 0;
      catalog.segments.delete(id);
      hurt.delete(id);
    }
    telemetry.removed += ids.length;
    telemetry.removedBytes += bytes;
    dropFiles(ids);
    return bytes;
  }

  async function freeSpace(): Promise<{ removed: number; bytes: number; notes: Note[] }> {
    const { size, free } = await disk.space(options.dir);
    const least = (size * options.store.freePercent) / 100;
    if (free >= least) {
      full = false;
      return { removed: 0, bytes: 0, notes: [] };
    }
    const oldest = oldestHolding(catalog.segments.values(), least - free);
    const bytes = await remove(oldest.map(({ id }) => id));
    full = free + bytes < least;
    const notes: Note[] = [];
    if (bytes > 0)
      notes.push({
        code: 'disk_low_oldest_removed',
        segments: oldest.length,
        bytes,
        freePercent: options.store.freePercent,
      });
    if (full) notes.push({ code: 'disk_full_refusing', free, needed: least });
    for (const { code, ...details } of notes) log.warn(details, code);
    return { removed: oldest.length, bytes, notes };
  }

  async function merge(): Promise<number> {
    const whole = [...catalog.segments.values()].filter(({ id }) => !hurt.has(id));
    let merged = 0;
    for (const segments of planMerges(whole, options.store.flushBytes, clock.nowUs())) {
      try {
        const job = { dir: options.dir, blockBytes: options.store.blockBytes, segments };
        const { rows } = await writer.call({ type: 'merge', job });
        for (const row of rows!) catalog.segments.set(row.id, row);
        for (const id of segments) catalog.segments.delete(id);
        dropFiles(segments);
        merged += segments.length;
        telemetry.merges++;
      } catch (error) {
        if (isCode(error, 'corrupt')) for (const id of segments) hurt.add(id);
        log.warn({ err: error, segments }, 'cannot merge segments');
      }
    }
    return merged;
  }

  /** Marks of files that were last written to before anything retention keeps: whatever is read of them again is too old. */
  async function forgetMarks(): Promise<void> {
    const before = clock.nowUs() - (options.classes.longestDays + 2) * DAY_US;
    const forget = [...options.marks].filter(([, { seen }]) => seen < before);
    if (forget.length === 0) return;
    await writer.call({
      type: 'commit',
      change: { ...nothing, forget: forget.map(([, { fid, gen }]) => ({ fid, gen })) },
    });
    for (const [key, mark] of forget) if (options.marks.get(key) === mark) options.marks.delete(key);
  }

  /** One at a time: each plans on what the one before left. */
  function alone<T>(action: () => Promise<T>): Promise<T> {
    const mine = busy.then(action);
    busy = mine.catch(() => undefined);
    return mine;
  }

  async function quarantine(id: number, reason: string): Promise<void> {
    if (!catalog.segments.has(id)) return;
    catalog.segments.delete(id);
    telemetry.quarantined++;
    const path = segmentFile(options.dir, id);
    log.error({ segment: id, reason, path: `${path}.damaged` }, 'segment is damaged and taken out of service');
    await rename(path, `${path}.damaged`).catch((error: unknown) =>
      log.error({ err: error, segment: id }, 'cannot rename a damaged segment'),
    );
    await writer.call({ type: 'commit', change: { ...nothing, remove: [id] } });
  }

  return {
    run: () =>
      alone(async () => {
        const { size } = await disk.space(options.dir);
        const total = options.retentionBytes || size * 0.8;
        const plan = planRetention(catalog.segments.values(), options.classes, clock.nowUs(), total);
        const bytes = await remove(plan.ids);
        const space = await freeSpace();
        const merged = await merge();
        await forgetMarks();
        const notes = [...space.notes];
        if (plan.ids.length > 0) notes.unshift({ code: 'retention', bytes, ...plan.why });
        return { segmentsRemoved: plan.ids.length + space.removed, bytesFreed: bytes + space.bytes, merged, notes };
      }),
    checkSpace: () => alone(async () => (await freeSpace()).notes),
    full: () => full,
    damageNotes(damaged) {
      const notes = new Map<string, Note>();
      for (const { segment, reason, whole } of damaged) {
        notes.set(`${segment}${reason}`, { code: 'segment_damaged', segment, reason });
        if (whole)
          void alone(() => quarantine(segment, reason)).catch((error: unknown) =>
            log.error({ err: error }, 'cannot quarantine'),
          );
        else if (!hurt.has(segment)) {
          hurt.add(segment);
          telemetry.damagedBlocks++;
          log.error({ segment, reason }, 'part of a segment is damaged; the rest is used');
        }
      }
      return [...notes.values()];
    },
    telemetry,
  };
}
