import { stringify } from 'yaml';
import { type Command, EXIT } from '../command.ts';
import { loadConfig } from '../config.ts';
import { configKeys } from '../config-keys.ts';
import { writeAll } from '../write.ts';

export const config: Command = {
  name: 'config',
  summary: 'The configuration in effect, secrets masked, with where each value came from',
  options: {
    output: { type: 'text', short: 'o', choices: ['yaml', 'json'], help: 'yaml (default) or json' },
    changed: { type: 'flag', help: 'only what differs from the defaults' },
    env: { type: 'flag', help: 'the environment name of every key instead' },
  },
  examples: [
    ['fleetlog config', 'every key with its value; checks the file on the way'],
    ['fleetlog config --changed > fleetlog.yml', 'turns environment settings into a file'],
  ],
  async run(args, io) {
    const keys = configKeys();
    if (args.flag('env')) {
      await writeAll(io.stdout, keys.map((key) => `${key.env}  ${key.name}\n`).join(''));
      return EXIT.ok;
    }
    const loaded = await loadConfig({ file: args.text('config'), set: args.list('set'), env: io.env, cwd: io.cwd });
    const shown: Record<string, unknown> = {};
    for (const key of keys) {
      if (args.flag('changed') && loaded.from.get(key.name) === 'default') continue;
      const value = key.path.reduce((at, part) => (at as Record<string, unknown>)[part], loaded.config as unknown);
      let at = shown;
      for (const part of key.path.slice(0, -1)) at = at[part] = (at[part] ?? {}) as Record<string, unknown>;
      at[key.path[key.path.length - 1]] = key.schema.secret && value !== '' ? '***' : value;
    }
    if (args.text('output') === 'json') {
      await writeAll(io.stdout, `${JSON.stringify(shown, null, 2)}\n`);
      return EXIT.ok;
    }
    const set = [...loaded.from].filter(([, from]) => from === 'environment' || from === 'flag');
    const head = [
      `# file: ${loaded.file ?? 'none'}`,
      ...set.map(([name, from]) => `# ${name}: from ${from === 'flag' ? '--set' : 'the environment'}`),
    ];
    await writeAll(io.stdout, `${head.join('\n')}\n${Object.keys(shown).length > 0 ? stringify(shown) : ''}`);
    return EXIT.ok;
  },
};
