import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Written } from './oracle-line.ts';
import type { OracleEntry, WriterPlan } from './writer.ts';

/** The writer in a process of its own. */
export interface WriterProcess {
  /** What its file says now; null before the first tick. */
  entry(): OracleEntry | null;
  /** Lets it write its last word and end; gives what was written. */
  stop(): Promise<{ written: Written; entry: OracleEntry }>;
  /** Ends it without a word, when a test gives up. */
  abandon(): void;
}

export function startWriterProcess(plan: WriterPlan): WriterProcess {
  const file = fileURLToPath(new URL('./writer.ts', import.meta.url));
  const child = spawn(process.execPath, [file, JSON.stringify(plan)], { stdio: ['pipe', 'inherit', 'inherit'] });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const entry = (): OracleEntry | null => {
    if (!existsSync(plan.oracleFile)) return null;
    const last = readFileSync(plan.oracleFile, 'utf8').trimEnd().split('\n').at(-1);
    return last ? (JSON.parse(last) as OracleEntry) : null;
  };
  return {
    entry,
    async stop() {
      child.kill('SIGTERM');
      const code = await ended;
      const said = entry();
      if (code !== 0 || !said?.done) throw new Error(`the writer ended with code ${code} and without its last word`);
      return { written: new Map(said.last.map((seq, stream) => [stream, seq])), entry: said };
    },
    abandon() {
      child.kill('SIGKILL');
    },
  };
}
