// How a service is started so that it keeps little memory it does not use. Plain JavaScript that Node 18 can parse.

const SERVICES = ['start', 'collector', 'ingest', 'api'];

/**
 * glibc gives every thread its own pool of memory and keeps what was freed in it: with five threads that pass megabytes to each other some
 * 100 MB more. Two pools are enough, since nearly all of the work is done outside malloc.
 */
const MALLOC = { MALLOC_ARENA_MAX: '2', MALLOC_TRIM_THRESHOLD_: String(1 << 20) };

/**
 * A quarter of V8's own choice. Young objects live for one batch, and batches live outside the heap: collected often, they leave early
 * and cheaply; a large young generation waits for the whole heap to be marked (docs/decisions/013-collector-kernel.md has figures).
 */
const FLAGS = ['--max-semi-space-size=4'];

/**
 * Flags and environment a service should have been started with, or null when it has them, is no service, or the platform has no such
 * settings. What the user chose stays.
 */
export function leanStart({ platform, args, execArgv, env }) {
  if (platform !== 'linux' || !SERVICES.includes(args[0] ?? '')) return null;
  // A channel to a parent process would not live through it.
  if (env.NODE_CHANNEL_FD !== undefined || Object.keys(MALLOC).some((name) => env[name] !== undefined)) return null;
  const chosen = [...execArgv, env.NODE_OPTIONS ?? ''].some((text) => text.includes('semi-space'));
  return { execArgv: chosen ? execArgv : [...FLAGS, ...execArgv], env: { ...env, ...MALLOC } };
}

/** Starts this process anew, same pid and outputs, with what `leanStart` says; returns when there is nothing to do. */
export function startLean() {
  const { platform, execArgv, env, argv } = process;
  const lean = leanStart({ platform, execArgv, env, args: argv.slice(2) });
  if (lean && typeof process.execve === 'function')
    process.execve(process.execPath, [process.execPath, ...lean.execArgv, ...argv.slice(1)], lean.env);
}
