import type { Me } from '../../api/contract.ts';

export const SECTIONS = ['you', 'users', 'tokens', 'retention', 'sources', 'redaction', 'audit'] as const;
export type Section = (typeof SECTIONS)[number];

const ADMINS_ONLY: readonly Section[] = ['users', 'retention', 'redaction', 'audit'];

/** `/settings` is the first section. */
export const pathOf = (section: Section): string => (section === 'you' ? '/settings' : `/settings/${section}`);

/** The section of an address, null for one that there is none of. */
export function sectionOf(name: string | undefined): Section | null {
  if (name === undefined || name === '') return 'you';
  return SECTIONS.find((section) => section === name) ?? null;
}

/** What the server would answer; tokens in the hand of a program do not make others. */
export function maySee(me: Pick<Me, 'role' | 'kind'>, section: Section): boolean {
  if (section === 'tokens') return me.kind !== 'token';
  return me.role === 'admin' || !ADMINS_ONLY.includes(section);
}
