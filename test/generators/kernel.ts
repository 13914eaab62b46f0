import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

/** Kernels in AssemblyScript; `node test/generators/kernel.ts` builds them again, or `… collector` one of them. */
export interface KernelBuild {
  folder: URL;
  wasm: URL;
  options: readonly string[];
}

function kernel(folder: string, ...options: string[]): KernelBuild {
  const url = new URL(`../../${folder}/`, import.meta.url);
  return { folder: url, wasm: new URL('kernel.wasm', url), options };
}

export const STORE_KERNEL = kernel('store/embedded/kernel', '--initialMemory', '64', '--maximumMemory', '256');
/** It works in the memory of a workbench, whose size the configuration decides. */
export const COLLECTOR_KERNEL = kernel('collector/kernel', '--importMemory', '--initialMemory', '16');

const OPTIONS = ['-O3', '--converge', '--runtime', 'stub', '--noAssert', '--enable', 'simd'];

/** Compiles a kernel; the same sources give the same bytes, because the compiler's version is pinned. */
export async function buildKernel({ folder, options }: KernelBuild): Promise<Uint8Array> {
  let built: Uint8Array | null = null;
  const { error, stderr } = await asc.main(['kernel.ts', '--outFile', 'kernel.wasm', ...options, ...OPTIONS], {
    // The compiler knows its language by `.ts` only, our type checker and linter must not take it for TypeScript.
    readFile: (name) => readFile(new URL(name.replace(/\.ts$/, '.asc'), folder), 'utf8').catch(() => null),
    writeFile: (_name, contents) => {
      built = contents as Uint8Array;
    },
    listFiles: () => [],
  });
  if (error || !built) throw new Error(`cannot build the kernel: ${stderr.toString()}`, { cause: error ?? undefined });
  return built;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const build of [STORE_KERNEL, COLLECTOR_KERNEL])
    if (process.argv.length < 3 || process.argv.slice(2).some((name) => build.folder.pathname.includes(`/${name}/`)))
      await writeFile(build.wasm, await buildKernel(build));
