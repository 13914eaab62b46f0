import type { FileTarget } from '../discovery.ts';

/** A rotated file beside the live one. */
export interface Sibling {
  name: string;
  gz: boolean;
  /** Higher is older. */
  age: number;
}

const DOCKER = /^\.(\d{1,6})(\.gz)?$/;
const CRI = /^\.(\d{8}-\d{6})(\.gz)?$/;
const LOGROTATE = /^(?:\.(\d{1,6})|[-.](\d{4}-?\d\d-?\d\d(?:[-_T.]?\d{2,10})?(?:\.\d{1,6})?))(\.gz)?$/;

/** What the part of a name behind the live file's name says, or null when it is no rotated sibling. */
function parse(rotation: FileTarget['rotation'], rest: string): { gz: boolean; age: number } | null {
  if (rotation === 'docker') {
    const m = DOCKER.exec(rest);
    return m && { gz: m[2] !== undefined, age: Number(m[1]) };
  }
  if (rotation === 'cri') {
    const m = CRI.exec(rest);
    return m && { gz: m[2] !== undefined, age: -Number(m[1].replace('-', '')) };
  }
  const m = LOGROTATE.exec(rest);
  if (!m) return null;
  const age = m[1] ? Number(m[1]) : -Number(m[2].replace(/\D/g, '').slice(0, 14).padEnd(14, '0'));
  return { gz: m[3] !== undefined, age };
}

/** The siblings of `base` among the names of its directory, oldest first. A compressed one beside its plain twin is left out. */
export function siblingsOf(names: readonly string[], base: string, rotation: FileTarget['rotation']): Sibling[] {
  const found: Sibling[] = [];
  const plain = new Set<string>();
  for (const name of names) {
    if (name.length <= base.length || !name.startsWith(base)) continue;
    const parsed = parse(rotation, name.slice(base.length));
    if (!parsed) continue;
    found.push({ name, ...parsed });
    if (!parsed.gz) plain.add(name);
  }
  return found.filter(({ name, gz }) => !gz || !plain.has(name.slice(0, -3))).sort((a, b) => b.age - a.age);
}

/** Live names a changed entry may belong to: itself, or what it was before rotation gave it a suffix. */
export function liveNames(name: string): string[] {
  const out = [name];
  const plain = name.endsWith('.gz') ? name.slice(0, -3) : name;
  for (let at = plain.length - 1; at > 0; at--) {
    const c = plain[at];
    if (c !== '.' && c !== '-') {
      if (/[0-9_T]/.test(c)) continue;
      break;
    }
    out.push(plain.slice(0, at));
  }
  return out;
}
