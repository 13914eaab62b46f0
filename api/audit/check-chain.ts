import { isCode } from '../../model/errors.ts';
import { readChain } from './read.ts';
import type { Segments } from './segments.ts';
import { createVerifier, type Verdict } from './verify.ts';

/** Reads and verifies the whole chain. Who asks while a check runs gets its verdict: it costs as much as the chain is long. */
export function createChainCheck(segments: Segments): () => Promise<Verdict> {
  let running: Promise<Verdict> | null = null;
  return () => {
    running ??= checkChain(segments).finally(() => {
      running = null;
    });
    return running;
  };
}

async function checkChain(segments: Segments): Promise<Verdict> {
  const verifier = createVerifier();
  const base = (await segments.base()).head;
  const tip = await segments.tip();
  let cursor: number | null = null;
  let entries = 0;
  do {
    try {
      const page = await readChain(segments, cursor);
      const verdict = verifier.add({ entries: page.entries, base, tip });
      if (verdict) return verdict;
      entries += page.entries.length;
      cursor = page.next;
    } catch (error) {
      if (!isCode(error, 'corrupt')) throw error;
      return {
        ok: false,
        entries,
        seq: verifier.next(),
        why: 'the segment that holds it is missing or cannot be read',
      };
    }
  } while (cursor !== null);
  return verifier.end();
}
