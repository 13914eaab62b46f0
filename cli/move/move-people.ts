import { isCode } from '../../model/errors.ts';
import type { StateStore } from '../../store/state-store.ts';

/** What belongs to people. Sessions end with the move; hosts and inventories come from collectors anew. */
const KINDS = ['user', 'token', 'view'] as const;

export interface MovedPeople {
  moved: number;
  /** Documents of those names that were there already; they stay as they are. */
  kept: number;
}

/** Copies users (with their password hashes), tokens and views. What the other store has stays. */
export async function movePeople(from: StateStore, to: StateStore, signal: AbortSignal): Promise<MovedPeople> {
  const result: MovedPeople = { moved: 0, kept: 0 };
  for (const kind of KINDS) {
    let cursor: string | undefined;
    do {
      signal.throwIfAborted();
      const page = await from.list<unknown>(kind, { limit: 1_000, ...(cursor !== undefined && { cursor }) });
      for (const { id, doc } of page.items) {
        try {
          await to.put(kind, id, doc, null);
          result.moved++;
        } catch (error) {
          if (!isCode(error, 'version_conflict')) throw error;
          result.kept++;
        }
      }
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
  }
  return result;
}
