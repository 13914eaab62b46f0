/** A template (`maskMessage`) with how often it occurred. */
export interface Template {
  /** 16 hex digits. */
  pattern: string;
  template: string;
  count: number;
}

/** Templates that say the same with another word in some places. */
export interface TemplateGroup<T extends Template> {
  /** Words that differ are `<*>`. */
  template: string;
  /** By count, the largest first, then by pattern. */
  members: T[];
  count: number;
}

/** What stands in place of words that differ. */
export const ANY_WORD = '<*>';
/**
 * So many different words in one place are a variable that the masking rules could not know (names of users, files, jobs). Fewer are said on
 * purpose: `login succeeded` and `login failed` stay two.
 */
const MOST_WORDS = 4;
/** Longer templates are data rather than sentences. */
const MOST_TOKENS = 60;
const ROUNDS = 4;

/**
 * Merges templates that differ in one word at a place where at least `MOST_WORDS` different words stand, again and again. The outcome
 * depends on the set alone, never on its order.
 */
export function mergeTemplates<T extends Template>(templates: T[]): TemplateGroup<T>[] {
  let groups = templates.map((one) => ({ tokens: one.template.split(' '), members: [one] }));
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = groups.length;
    const longest = groups.reduce((most, one) => Math.max(most, Math.min(MOST_TOKENS, one.tokens.length)), 0);
    for (let place = 0; place < longest; place += 1) groups = mergeAt(groups, place);
    if (groups.length === before) break;
  }
  return groups
    .map(({ tokens, members }) => ({
      template: tokens.join(' '),
      members: members.toSorted(byCount),
      count: members.reduce((sum, one) => sum + one.count, 0),
    }))
    .sort((a, b) => b.count - a.count || (a.members[0].pattern < b.members[0].pattern ? -1 : 1));
}

interface Group<T> {
  tokens: string[];
  members: T[];
}

function mergeAt<T>(groups: Group<T>[], place: number): Group<T>[] {
  const families = new Map<string, Group<T>[]>();
  const out: Group<T>[] = [];
  for (const group of groups) {
    const { tokens } = group;
    // A sentence of one or two words has nothing else to be recognised by.
    if (place >= tokens.length || tokens.length < 3 || tokens.length > MOST_TOKENS) {
      out.push(group);
      continue;
    }
    const key = tokens.with(place, '\u0000').join(' ');
    const family = families.get(key);
    if (family === undefined) families.set(key, [group]);
    else family.push(group);
  }
  for (const family of families.values()) {
    const words = new Set(family.map((one) => one.tokens[place]));
    if (words.size < MOST_WORDS && !words.has(ANY_WORD)) out.push(...family);
    else if (family.length === 1) out.push(family[0]);
    else out.push({ tokens: family[0].tokens.with(place, ANY_WORD), members: family.flatMap((one) => one.members) });
  }
  return out;
}

function byCount(a: Template, b: Template): number {
  return b.count - a.count || (a.pattern < b.pattern ? -1 : a.pattern > b.pattern ? 1 : 0);
}
