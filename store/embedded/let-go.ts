/**
 * Gives the memory of a large array back at once. The garbage collector does not feel memory outside its heap until tens of megabytes of it
 * have gathered in every thread. For arrays that own their memory; nobody may look at them, or at views of them, any more.
 */
export function letGo(array: Uint8Array | Uint32Array | Float64Array): void {
  const { buffer } = array;
  // Small Buffers share one memory with others.
  if (array.byteOffset !== 0 || array.byteLength < LEAST || buffer instanceof SharedArrayBuffer) return;
  buffer.transfer(0);
}

/** Above half of any pool, so that what is let go is nobody else's. */
const LEAST = Math.max(16 << 10, Buffer.poolSize);
