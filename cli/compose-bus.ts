import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Clock } from '../model/clock.ts';
import type { Config } from '../model/config.ts';
import { FleetlogError } from '../model/errors.ts';
import type { Bus } from '../transport/bus.ts';
import { createHttpBus } from '../transport/http-bus.ts';
import { createMemoryBus } from '../transport/memory-bus.ts';
import { busCheck, type Check } from './compose-readiness.ts';
import { exposeCounters } from './compose-telemetry.ts';
import { VERSION } from './version.ts';

export interface OpenBus {
  bus: Bus;
  check: Check;
}

export interface BusOptions {
  config: Config;
  clock: Clock;
  log: Logger;
  telemetry: Registry;
}

/** Figures of the Kafka bus that may fall. */
const KAFKA_GAUGES = ['lagRecords', 'partitions', 'heldBytes'];

/** The bus of the stores in this process: Kafka where brokers are named, else within the process. */
export async function openInnerBus(options: BusOptions): Promise<OpenBus> {
  const { config, clock, log, telemetry } = options;
  const { capacityBytes } = config.bus;
  if (config.kafka.brokers.length === 0) {
    const bus = createMemoryBus({ capacityBytes });
    return { bus, check: busCheck(bus, capacityBytes, clock) };
  }
  // Loaded only here: a start without Kafka need not wait for its client.
  const { createKafkaBus } = await import('../transport/kafka-bus.ts');
  const bus = await createKafkaBus({
    kafka: config.kafka,
    capacityBytes,
    log: log.child({ part: 'bus' }),
    clientId: `fleetlog-${VERSION}`,
  });
  exposeCounters(telemetry, 'kafka', KAFKA_GAUGES, () => bus.counters());
  const full = busCheck(bus, capacityBytes, clock);
  const check: Check = () => {
    const trouble = bus.trouble();
    if (trouble !== null) throw new Error(trouble);
    return full();
  };
  return { bus, check };
}

/** Where a collector sends: the central process of `collector.to`, else the bus of this process, else Kafka of its own. */
export async function openOuterBus(options: BusOptions, inner: OpenBus | null): Promise<OpenBus & { own: boolean }> {
  const { config, clock, log } = options;
  const { to, token } = config.collector;
  if (to !== '') {
    const { capacityBytes } = config.bus;
    const bus = createHttpBus({
      to,
      token,
      capacityBytes,
      onRetry: (why, attempt) =>
        log.warn({ part: 'collector', why, attempt, to }, 'the central process did not take a batch; sending it again'),
    });
    return { bus, check: busCheck(bus, capacityBytes, clock), own: true };
  }
  if (inner) return { ...inner, own: false };
  if (config.kafka.brokers.length > 0) return { ...(await openInnerBus(options)), own: true };
  throw new FleetlogError('bad_config', 'cannot start a collector alone: it has nowhere to send', {
    hint: 'set collector.to to the address of a central Fleetlog and collector.token to a token of role collector, or kafka.brokers',
  });
}
