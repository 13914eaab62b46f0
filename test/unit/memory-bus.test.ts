import { createMemoryBus } from '../../transport/memory-bus.ts';
import { busSuite } from '../suites/bus-suite.ts';

const capacityBytes = 64 << 10;

busSuite(
  'memory',
  async () => {
    const bus = createMemoryBus({ capacityBytes, retryMs: { first: 1, max: 4 } });
    return { bus, close: () => bus.close() };
  },
  { capacityBytes },
);
