import type { Io } from '../command.ts';

/** Reads a line that is not shown. Gives null when there is no terminal to ask on, or the person gave up (Ctrl-C, Ctrl-D). */
export async function askSecret(io: Io, question: string): Promise<string | null> {
  const { stdin, stderr } = io;
  if (!stdin.isTTY || !stdin.setRawMode) return null;
  stderr.write(question);
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  let typed = '';
  try {
    for await (const chunk of stdin as AsyncIterable<string>) {
      for (const character of chunk) {
        if (character === '\r' || character === '\n') return typed;
        if (character === '\x03' || character === '\x04') return null;
        if (character === '\x7f' || character === '\b') typed = [...typed].slice(0, -1).join('');
        else if (character >= ' ') typed += character;
      }
    }
    return typed;
  } finally {
    stdin.setRawMode(false);
    stderr.write('\n');
  }
}

/** All of standard input without its last line end, for `--password-stdin`. */
export async function readSecret(io: Io): Promise<string> {
  let text = '';
  io.stdin.setEncoding('utf8');
  for await (const chunk of io.stdin as AsyncIterable<string>) text += chunk;
  return text.replace(/\r?\n$/, '');
}
