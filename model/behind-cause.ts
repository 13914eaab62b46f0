/** Why a file is not searchable to its end: stable words for programs, and what a person is told (docs/notes.md has the table). */
export const BEHIND_CAUSES = {
  collector_silent: 'its collector says nothing any more',
  denied: 'the collector may not read it',
  failed: 'reading it fails; it is tried again',
  spooled: 'deleted before all of it was stored; the rest waits in the spool',
  not_read: 'not read yet',
  not_acknowledged: 'not acknowledged yet',
  held: 'held for joining',
} as const;

export type BehindCause = keyof typeof BEHIND_CAUSES;
