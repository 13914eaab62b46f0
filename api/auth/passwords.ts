import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { FleetlogError } from '../../model/errors.ts';
import common from './common-passwords.json' with { type: 'json' };

/** OWASP's scrypt setting for 32 MiB a hash; raising N doubles memory and time and is read back from each stored hash. */
const COST = { N: 2 ** 15, r: 8, p: 3 };
const KEY_BYTES = 32;
/** Hashes at once, over all callers: each holds 32 MiB and a thread of the pool that file reads need too. */
const AT_ONCE = 2;

export interface Passwords {
  /** `scrypt$N$r$p$salt$hash`. */
  hash(password: string): Promise<string>;
  /** Takes as long for null (no such user) as for a wrong password. */
  verify(password: string, stored: string | null): Promise<boolean>;
}

/** `cost` only for tests: what is stored names its own, so verifying does not depend on it. */
export function createPasswords(cost = COST): Passwords {
  let running = 0;
  const waiting: (() => void)[] = [];
  let decoy: string | null = null;

  async function derive(password: string, salt: Buffer, by: typeof COST): Promise<Buffer> {
    if (running >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
    running++;
    try {
      return await run(password.normalize('NFC'), salt, { ...by, maxmem: 256 * by.N * by.r });
    } finally {
      running--;
      waiting.shift()?.();
    }
  }

  async function hash(password: string): Promise<string> {
    const salt = randomBytes(16);
    const key = await derive(password, salt, cost);
    return ['scrypt', cost.N, cost.r, cost.p, salt.toString('base64url'), key.toString('base64url')].join('$');
  }

  return {
    hash,
    async verify(password, stored) {
      const [kind, N, r, p, salt, key] = (stored ?? (decoy ??= await hash(randomBytes(16).toString('hex')))).split('$');
      if (kind !== 'scrypt') throw new FleetlogError('corrupt', `cannot check a password hashed by ${kind}`);
      const expected = Buffer.from(key, 'base64url');
      const by = { N: Number(N), r: Number(r), p: Number(p) };
      const given = await derive(password, Buffer.from(salt, 'base64url'), by);
      return timingSafeEqual(given, expected) && stored !== null;
    },
  };
}

function run(password: string, salt: Buffer, options: ScryptOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, KEY_BYTES, options, (error, key) => (error ? reject(error) : resolve(key)));
  });
}

const COMMON = new Set<string>(common);

/** Throws `weak_password` with the reason. Length counts characters; beyond length and being unknown nothing is demanded (NIST 800-63B). */
export function checkNewPassword(password: string, name: string, shortest: number): void {
  const refuse = (hint: string): never => {
    throw new FleetlogError('weak_password', undefined, { hint });
  };
  const plain = password.toLowerCase();
  if ([...password].length < shortest) refuse(`use at least ${shortest} characters; a few words make a good password`);
  if (new Set(plain).size < 4) refuse('it repeats the same few characters');
  const core = plain.replace(/[^\p{L}\p{N}]/gu, '').replace(/\d+$/, '');
  if (COMMON.has(plain) || COMMON.has(core)) refuse('it is among the passwords that are tried first');
  if (core === '' && isRun(plain)) refuse('it is a run of digits');
  if (plain.includes(name.toLowerCase()) && [...password].length < name.length + shortest - 2)
    refuse('it is built from the user name');
}

function isRun(digits: string): boolean {
  const steps = new Set([...digits].slice(1).map((c, i) => (Number(c) - Number(digits[i]) + 10) % 10));
  return steps.size <= 1;
}
