import type { FieldTest } from './tree.ts';

/** `pattern:` with 16 hex digits asks for the line's pattern (`patternOf`); any other value for a field of that name in the line. Null: not asked for. */
export function patternAsked(field: string, test: FieldTest): string | null {
  return field === 'pattern' && test.op === 'equals' && /^[0-9a-f]{16}$/.test(test.value) ? test.value : null;
}
