import type { Output } from './command.ts';

/** Writes and waits until the reader keeps up, so that a slow pipe does not fill memory. */
export function writeAll(output: Output, text: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    output.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
