import { EXIT, type Io, parseCommand, UsageError } from './command.ts';
import { commandGroups, type Found, findEntry } from './command-table.ts';
import { explain } from './explain.ts';
import { commandHelp, groupHelp, overview } from './help.ts';
import { VERSION } from './version.ts';

/** Faster than a person presses twice. */
const SAME_SIGNAL_MS = 300;

/**
 * Runs the command line of this process. Gives the exit code: 0 done, 1 failed, 2 wrong usage, 3 the server cannot be
 * reached or nobody is signed in.
 */
export async function main(args: string[]): Promise<number> {
  const stopping = new AbortController();
  let stoppedAt = 0;
  const stop = (signal: NodeJS.Signals) => {
    // The first signal ends things in order, a second at once (128 + its number, as shells count). One Ctrl-C can arrive several
    // times: from the terminal, and passed on by npm and by the Node that started this one.
    if (stopping.signal.aborted && performance.now() - stoppedAt > SAME_SIGNAL_MS) {
      process.exit(signal === 'SIGINT' ? 130 : 143);
    }
    if (stopping.signal.aborted) return;
    stoppedAt = performance.now();
    stopping.abort(signal);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  // A reader that went away (`fleetlog search … | head`) is a normal end.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.ok);
    throw error;
  });
  // The handlers stay: a signal passed on late must not end a command that is just ending well.
  return run(args, {
    stdout: process.stdout,
    stderr: process.stderr,
    stdin: process.stdin,
    env: process.env,
    cwd: process.cwd(),
    signal: stopping.signal,
  });
}

/** The same with a given outside world. */
export async function run(args: readonly string[], io: Io): Promise<number> {
  try {
    const [first] = args;
    if (first === '--version' || first === '-V' || first === 'version') {
      io.stdout.write(`fleetlog ${VERSION} (node ${process.versions.node})\n`);
      return EXIT.ok;
    }
    if (first === '--help' || first === '-h' || first === 'help') {
      const about = args.slice(1).filter((arg) => !arg.startsWith('-'));
      io.stdout.write(about.length > 0 ? helpOf(findEntry(about)) : overview(commandGroups));
      return EXIT.ok;
    }
    if (first === undefined) {
      io.stderr.write(overview(commandGroups));
      return EXIT.usage;
    }
    const found = findEntry(args);
    if (found.command === null) {
      const help = found.rest.some((arg) => arg === '--help' || arg === '-h');
      (help ? io.stdout : io.stderr).write(groupHelp(found.group));
      return help ? EXIT.ok : EXIT.usage;
    }
    const parsed = parseCommand(found.command, found.rest);
    if (parsed.flag('help')) {
      io.stdout.write(commandHelp(found.command));
      return EXIT.ok;
    }
    return await found.command.run(parsed, io);
  } catch (error) {
    if (error instanceof UsageError) {
      io.stderr.write(`fleetlog: ${error.message}\nTry: fleetlog ${error.command ? `${error.command} ` : ''}--help\n`);
      return EXIT.usage;
    }
    // Whatever was cut off by being stopped is no error of its own.
    if (io.signal.aborted) return io.signal.reason === 'SIGTERM' ? 143 : 130;
    const { text, code } = explain(error);
    io.stderr.write(text);
    return code;
  }
}

function helpOf(found: Found): string {
  return found.command ? commandHelp(found.command) : groupHelp(found.group);
}
