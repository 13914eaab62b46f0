import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

/** The AssemblyScript of the store's kernel, and what it is built to; `node test/generators/kernel.ts` builds it again. */
const KERNEL = new URL('../../store/embedded/kernel/', import.meta.url);
export const KERNEL_WASM = new URL('kernel.wasm', KERNEL);

const OPTIONS = ['-O3', '--converge', '--runtime', 'stub', '--noAssert', '--enable', 'simd'];
const FIRST_PAGES = 64;
const MOST_PAGES = 256;

/** Compiles the kernel; the same sources give the same bytes, because the compiler's version is pinned. */
export async function buildKernel(): Promise<Uint8Array> {
  let built: Uint8Array | null = null;
  const { error, stderr } = await asc.main(
    [
      'kernel.ts',
      ...['--outFile', 'kernel.wasm', '--initialMemory', `${FIRST_PAGES}`, '--maximumMemory', `${MOST_PAGES}`],
      ...OPTIONS,
    ],
    {
      // The compiler knows its language by `.ts` only, our type checker and linter must not take it for TypeScript.
      readFile: (name) => readFile(new URL(name.replace(/\.ts$/, '.asc'), KERNEL), 'utf8').catch(() => null),
      writeFile: (_name, contents) => {
        built = contents as Uint8Array;
      },
      listFiles: () => [],
    },
  );
  if (error || !built) throw new Error(`cannot build the kernel: ${stderr.toString()}`, { cause: error ?? undefined });
  return built;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFile(KERNEL_WASM, await buildKernel());
