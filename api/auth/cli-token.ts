import { chmod, open, readFile, rename } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { systemClock } from '../../model/clock.ts';
import { FleetlogError } from '../../model/errors.ts';
import type { StateStore } from '../../store/state-store.ts';
import { EVERYTHING } from './principal.ts';
import { createTokens } from './tokens.ts';

const CREATED_BY = 'fleetlog start';

/**
 * The admin token in `dataDir/cli-token` (0600), which lets whoever may read the data directory use the command line. Makes one when
 * there is none, or when the one there is not known to this StateStore. Resolves with the token.
 */
export async function ensureCliToken(options: { dataDir: string; state: StateStore }): Promise<string> {
  const file = join(options.dataDir, 'cli-token');
  const tokens = createTokens({ state: options.state, clock: systemClock });
  const present = await readFile(file, 'utf8').catch(() => '');
  if (await tokens.resolve(present.trim())) {
    await chmod(file, 0o600);
    return present.trim();
  }
  // Two processes on one machine may share a StateStore: each has the token of its own directory.
  const name = `cli-token of ${hostname()}:${resolve(options.dataDir)}`.slice(0, 128);
  for (const old of await tokens.list()) {
    if (old.createdBy === CREATED_BY && old.name === name) await tokens.remove(old.id);
  }
  const { secret } = await tokens.create({
    name,
    role: 'admin',
    scopes: [...EVERYTHING],
    host: null,
    createdBy: CREATED_BY,
    owner: null,
  });
  try {
    const draft = await open(`${file}.new`, 'w', 0o600);
    await draft.writeFile(`${secret}\n`);
    await draft.sync();
    await draft.close();
    await rename(`${file}.new`, file);
  } catch (cause) {
    throw new FleetlogError('unavailable', `cannot write ${file}`, { cause });
  }
  return secret;
}
