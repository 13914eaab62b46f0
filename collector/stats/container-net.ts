import { readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerSample } from '../../model/samples.ts';
import { parseNetDev, sumTraffic } from './net-dev.ts';
import { readSmall } from './small-file.ts';

export interface ContainerNet {
  /**
   * Traffic of the network that a process lives in, all interfaces but `lo`. Null when the process is gone. Empty for the host's own network:
   * nobody can tell whose bytes those are.
   */
  read(pid: number): Promise<Partial<Record<ContainerSample, number>> | null>;
}

/** `procDir` is the host's `/proc`, in which pids are the host's. */
export function createContainerNet(procDir: string): ContainerNet {
  const namespaces = new Map<number, { net: string; names: string }>();

  const namespaceOf = (pid: number): Promise<string> => readlink(join(procDir, `${pid}`, 'ns/net')).catch(() => '');

  /** Who may not look at other processes' namespaces tells the host's by its interfaces: bridges and containers' ends are there only. */
  async function isHost(pid: number, names: string): Promise<boolean> {
    const before = namespaces.get(pid);
    const net = before?.names === names ? before.net : await namespaceOf(pid);
    namespaces.set(pid, { net, names });
    // Process ids are many over months; the running ones come back at their next reading.
    if (namespaces.size > 10_000) namespaces.clear();
    if (net !== '') return net === (await hostNamespace());
    return names === interfaceNames((await readSmall(join(procDir, '1/net/dev'))) ?? '');
  }

  let host: Promise<string> | null = null;
  function hostNamespace(): Promise<string> {
    host ??= namespaceOf(1);
    return host;
  }

  return {
    async read(pid) {
      const text = await readSmall(join(procDir, `${pid}`, 'net/dev'));
      if (text === null || text === '') return null;
      const interfaces = parseNetDev(text);
      if (await isHost(pid, [...interfaces.keys()].join(' '))) return {};
      const sum = sumTraffic(interfaces, (name) => name !== 'lo');
      return {
        net_rx_bytes: sum.rxBytes,
        net_tx_bytes: sum.txBytes,
        net_rx_packets: sum.rxPackets,
        net_tx_packets: sum.txPackets,
        net_rx_errors: sum.rxErrors,
        net_tx_errors: sum.txErrors,
      };
    },
  };
}

const interfaceNames = (text: string): string => [...parseNetDev(text).keys()].join(' ');
