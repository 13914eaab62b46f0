import type { FileState } from '../checkpoint/file-state.ts';
import type { FileTarget } from '../discovery.ts';
import { deriveFid, type FileIdentity, mintFid } from './identity.ts';

/** What the state of a source says before anything of it is read; `timeUs` is the time of lines that have none. */
export function nothingRead(timeUs: number, nowUs: number) {
  return {
    gens: [],
    gen: 0,
    offset: 0,
    tail: '',
    context: { time: timeUs, pem: 0 },
    past: 0,
    lines: 0,
    dropped: {},
    lastLineAt: 0,
    phase: 'live',
    twins: [],
    spool: null,
    seenAt: nowUs,
    intents: [],
  } satisfies Partial<FileState>;
}

/** The state of a file nobody has read yet. Its fid is minted where the filesystem has no birth times. */
export function newFileState(
  id: FileIdentity,
  { owner, target, path, nowUs }: { owner: string; target: FileTarget; path: string; nowUs: number },
): FileState {
  const birth = id.birth === '0' ? nowUs : Math.floor(Number(BigInt(id.birth) / 1_000n));
  return {
    fid: id.birth === '0' ? mintFid(owner, nowUs / 1_000) : deriveFid(owner, id),
    target: target.key,
    source: target.source,
    ...id,
    path,
    ...nothingRead(birth, nowUs),
  };
}
