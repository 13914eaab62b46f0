import { createHash, randomUUID } from 'node:crypto';

/**
 * Positions of pushed lines. A line has no file, so a session stands for one: its `fid` is a hash of the token and of the request's
 * `Idempotency-Key` or a new random id, `gen` numbers the sources in it, the offset is the row. One request at a time uses a
 * session. Those without a key go on being used, for what a store remembers of each (fid, gen) lasts as long as retention, and a
 * sender may make ten requests a second.
 */
export interface Session {
  /** 32 hex digits. */
  fid: string;
  /** Number of a source, from 1, by its identity as text. */
  sources: Map<string, SessionSource>;
  /** The next row. */
  row: number;
}

export interface SessionSource {
  gen: number;
  /** Rows below are accounted for in this source. */
  end: number;
}

export interface Sessions {
  /** A session of nobody else. With a key: the one of that key, from its beginning. */
  take(owner: string, key: string | null): Session;
  /** Gives it back when everything in it was stored; one with a hole is not used again. */
  give(owner: string, session: Session): void;
  idle(): number;
}

/** Idle sessions kept, over all tokens: as many senders as push at the same time, with room. */
const MOST_IDLE = 1_000;
/** Sources in them together, about 400 bytes each. */
const MOST_IDLE_SOURCES = 100_000;
/** A session with more sources than this ends: most of them are of containers long gone. */
const MOST_SOURCES = 20_000;

export function createSessions(): Sessions {
  /** Oldest first; of one owner the last given back is the first taken, so that a lone sender keeps its order. */
  const idle: { owner: string; session: Session }[] = [];
  let sources = 0;

  function remove(at: number): Session {
    const [{ session }] = idle.splice(at, 1);
    sources -= session.sources.size;
    return session;
  }

  return {
    take(owner, key) {
      const at = key === null ? idle.findLastIndex((one) => one.owner === owner) : -1;
      if (at >= 0) return remove(at);
      const hash = createHash('sha256').update(JSON.stringify([owner, key === null ? randomUUID() : `key ${key}`]));
      return { fid: hash.digest('hex').slice(0, 32), sources: new Map(), row: 0 };
    },
    give(owner, session) {
      if (session.sources.size > MOST_SOURCES) return;
      idle.push({ owner, session });
      sources += session.sources.size;
      while (idle.length > MOST_IDLE || sources > MOST_IDLE_SOURCES) remove(0);
    },
    idle: () => idle.length,
  };
}

/** The source's number and rows in the session; made at its first line. */
export function sourceIn(session: Session, identity: string): SessionSource {
  let source = session.sources.get(identity);
  if (!source) session.sources.set(identity, (source = { gen: session.sources.size + 1, end: 0 }));
  return source;
}
