import { createClient } from '../client.ts';
import { type Arguments, CLIENT, type Command, EXIT, type Io } from '../command.ts';
import { loadConfig } from '../config.ts';
import { type Finding, fail, ok } from '../doctor/finding.ts';
import { checkCentral, checkPort, checkServer } from '../doctor/server.ts';
import { checkContainersDir, checkDocker, checkTemplates } from '../doctor/sources.ts';
import { checkDataDir, checkDisk, checkLimits, checkNode } from '../doctor/system.ts';
import { paletteFor } from '../terminal/color.ts';
import { writeAll } from '../write.ts';

export const doctor: Command = {
  name: 'doctor',
  summary: 'Check configuration, Docker, files, limits, disk, ports, clock and server, and say what to do',
  options: {
    output: { type: 'text', short: 'o', choices: ['text', 'json'], help: 'text for people, json for scripts' },
    ...CLIENT,
  },
  examples: [['fleetlog doctor', 'run it as the user the product runs as; exit code 1 when something fails']],
  async run(args, io) {
    const findings = await examine(args, io);
    const failed = findings.filter((finding) => finding.state === 'fail').length;
    if (args.text('output') === 'json') await writeAll(io.stdout, `${JSON.stringify({ findings }, null, 2)}\n`);
    else await writeAll(io.stdout, report(findings, io));
    return failed > 0 ? EXIT.failure : EXIT.ok;
  },
};

async function examine(args: Arguments, io: Io): Promise<Finding[]> {
  const node = checkNode();
  let loaded: Awaited<ReturnType<typeof loadConfig>>;
  try {
    loaded = await loadConfig({
      file: args.text('config'),
      set: args.list('set'),
      env: io.env,
      cwd: io.cwd,
      role: 'all',
    });
  } catch (error) {
    // Every other check asks the configuration; guessing one would report on another product than the one that starts.
    return [node, fail('config', (error as Error).message, 'Mend this first; the other checks need it.')];
  }
  const { config } = loaded;
  const client = await createClient(args, io);
  const { findings: server, runs } = await checkServer(client);
  return [
    node,
    ok('config', loaded.file ?? 'no file; defaults and environment'),
    await checkDocker(config),
    await checkContainersDir(config),
    ...(await checkTemplates(config)),
    ...checkLimits(config),
    await checkDisk(config),
    await checkDataDir(config, runs),
    await checkPort(config, runs),
    ...(await checkCentral(config)),
    ...server,
  ];
}

function report(findings: Finding[], io: Io): string {
  const palette = paletteFor(io.stdout, io.env);
  const paint = { ok: palette.good, warn: palette.warn, fail: palette.bad };
  const width = Math.max(...findings.map((finding) => finding.check.length));
  const lines = findings.map(({ check, state, found, advice }) => {
    const indent = ' '.repeat(width + 8);
    const [first, ...more] = found.split('\n');
    const rest = [...more, ...(advice ? [palette.bold('→ ') + advice] : [])]
      .map((line) => `\n${indent}${line}`)
      .join('');
    return `${paint[state](state.padEnd(4))}  ${check.padEnd(width)}  ${first}${rest}`;
  });
  const count = (state: Finding['state']) => findings.filter((finding) => finding.state === state).length;
  return `${lines.join('\n')}\n\n${count('ok')} ok, ${count('warn')} to look at, ${count('fail')} failing\n`;
}
