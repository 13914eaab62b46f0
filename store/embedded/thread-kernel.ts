import { createKernel } from './kernel/load-kernel.ts';

/** One for the thread, which reads or writes one block at a time: its memory is scratch, refilled for every block. */
export const kernel = createKernel();
