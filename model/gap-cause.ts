/** Why lines of a span are missing: stable words for programs, and what a person is told (docs/notes.md has the table). */
export const GAP_CAUSES = {
  collector_silent: 'its collector says nothing any more',
  truncated: 'the file was cut; what was written just before is gone',
  rotated_away: 'rotated away while the collector was down',
  removed: 'removed while the collector was down',
  deleted: 'deleted before it could be read',
  damaged: 'a compressed log file is damaged',
} as const;

export type GapCause = keyof typeof GAP_CAUSES;

/** The sentence for a cause; a cause this build does not know speaks for itself. */
export function gapSentence(cause: string): string {
  return Object.hasOwn(GAP_CAUSES, cause) ? GAP_CAUSES[cause as GapCause] : cause.replaceAll('_', ' ');
}
