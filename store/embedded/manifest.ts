import { DatabaseSync } from 'node:sqlite';
import { FleetlogError } from '../../model/errors.ts';
import type { Mark } from './head.ts';
import { SEGMENT_VERSION } from './segment-format.ts';
import type { SegmentRow } from './segment-writer.ts';

/** `user_version` of the manifest: the store's list of segments and marks, `manifest.db`. */
export const MANIFEST_VERSION = 1;

const SCHEMA = `
  create table segment(
    id integer primary key, class text not null, day integer not null, first real not null, last real not null,
    records integer not null, raw_bytes integer not null, bytes integer not null, blocks integer not null,
    format integer not null) strict;
  create table mark(
    fid text not null, gen integer not null, done text not null, seen real not null,
    primary key(fid, gen)) strict, without rowid;
  create table counter(name text primary key, value integer not null) strict, without rowid;
  insert into counter values ('next_segment', 1);
  pragma user_version = ${MANIFEST_VERSION};
`;

export interface ManifestContent {
  segments: SegmentRow[];
  marks: Mark[];
  nextSegment: number;
}

/** One atomic change: what came into segments, and what no longer counts. */
export interface ManifestChange {
  add: SegmentRow[];
  remove: number[];
  marks: Mark[];
  forget: { fid: string; gen: number }[];
  nextSegment: number;
}

export interface Manifest {
  read(): ManifestContent;
  /** Durable when it returns. */
  commit(change: ManifestChange): void;
  close(): void;
}

/** Opens or creates it. Throws `format_newer` for a later version and `corrupt` when SQLite cannot read it. */
export function openManifest(path: string): Manifest {
  const db = open(path);
  const add = db.prepare(
    'insert or replace into segment(id, class, day, first, last, records, raw_bytes, bytes, blocks, format) values (?,?,?,?,?,?,?,?,?,?)',
  );
  const remove = db.prepare('delete from segment where id = ?');
  const mark = db.prepare('insert or replace into mark(fid, gen, done, seen) values (?,?,?,?)');
  const forget = db.prepare('delete from mark where fid = ? and gen = ?');
  const counter = db.prepare("update counter set value = max(value, ?) where name = 'next_segment'");
  return {
    read() {
      const segments = db
        .prepare(
          'select id, class, day, first, last, records, raw_bytes as rawBytes, bytes, blocks, format from segment',
        )
        .all() as unknown as SegmentRow[];
      const newer = segments.find((row) => row.format > SEGMENT_VERSION);
      if (newer) throw tooNew(`segment format ${newer.format}`);
      const rows = db.prepare('select fid, gen, done, seen from mark').all();
      const marks = rows.map((row) => ({ ...row, done: JSON.parse(row.done as string) }) as unknown as Mark);
      const next = db.prepare("select value from counter where name = 'next_segment'").get() as { value: number };
      return { segments: segments.map((row) => ({ ...row })), marks, nextSegment: next.value };
    },
    commit(change) {
      db.exec('begin immediate');
      try {
        for (const s of change.add)
          add.run(s.id, s.class, s.day, s.first, s.last, s.records, s.rawBytes, s.bytes, s.blocks, s.format);
        for (const id of change.remove) remove.run(id);
        for (const m of change.marks) mark.run(m.fid, m.gen, JSON.stringify(m.done), m.seen);
        for (const m of change.forget) forget.run(m.fid, m.gen);
        counter.run(change.nextSegment);
        db.exec('commit');
      } catch (error) {
        if (db.isTransaction) db.exec('rollback');
        throw error;
      }
    },
    close: () => db.close(),
  };
}

function tooNew(what: string): FleetlogError {
  return new FleetlogError('format_newer', `cannot open the log store: ${what} is newer than this build knows`, {
    hint: 'start the newer Fleetlog that wrote it, or restore a backup made before the upgrade',
  });
}

function open(path: string): DatabaseSync {
  let db: DatabaseSync | null = null;
  try {
    db = new DatabaseSync(path);
    db.exec('pragma journal_mode = wal; pragma synchronous = full; pragma busy_timeout = 5000');
    const { user_version: version } = db.prepare('pragma user_version').get() as { user_version: number };
    if (version > MANIFEST_VERSION) throw tooNew(`manifest version ${version}`);
    if (version === 0) {
      const { n } = db.prepare("select count(*) as n from sqlite_schema where name = 'segment'").get() as { n: number };
      if (n > 0) throw new Error('it has tables but no version');
      db.exec(`begin immediate; ${SCHEMA} commit`);
    }
    return db;
  } catch (cause) {
    db?.close();
    if (cause instanceof FleetlogError) throw cause;
    throw new FleetlogError('corrupt', 'cannot open the manifest of the log store', {
      cause,
      hint: 'restore manifest.db from a backup; the segments beside it are untouched',
    });
  }
}
