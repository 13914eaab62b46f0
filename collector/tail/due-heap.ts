/** A heap of things that are due at some time; the same thing may be in it twice, the owner checks what is still true. */
export interface DueHeap<T> {
  push(at: number, item: T): void;
  /** The earliest time, or Infinity. */
  next(): number;
  /** Takes the earliest item; only call it when there is one. */
  pop(): T;
}

export function createDueHeap<T>(): DueHeap<T> {
  const heap: { at: number; item: T }[] = [];
  return {
    push(at, item) {
      let i = heap.length;
      heap.push({ at, item });
      while (i > 0) {
        const parent = (i - 1) >> 1;
        if (heap[parent].at <= at) break;
        [heap[i], heap[parent]] = [heap[parent], heap[i]];
        i = parent;
      }
    },
    next: () => heap[0]?.at ?? Number.POSITIVE_INFINITY,
    pop() {
      const top = heap[0];
      const last = heap.pop()!;
      if (heap.length > 0) {
        heap[0] = last;
        for (let i = 0; ; ) {
          let least = i;
          for (const child of [2 * i + 1, 2 * i + 2])
            if (child < heap.length && heap[child].at < heap[least].at) least = child;
          if (least === i) break;
          [heap[i], heap[least]] = [heap[least], heap[i]];
          i = least;
        }
      }
      return top.item;
    },
  };
}
