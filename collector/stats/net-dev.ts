import { count } from './parse.ts';

export interface Traffic {
  rxBytes: number;
  rxPackets: number;
  rxErrors: number;
  txBytes: number;
  txPackets: number;
  txErrors: number;
}

const FIGURES = 16;

/**
 * Reads `/proc/<pid>/net/dev` (proc(5)): two lines of head, then `name: 8 figures received 8 figures sent`. By name; lines that are none
 * are passed over.
 */
export function parseNetDev(text: string): Map<string, Traffic> {
  const interfaces = new Map<string, Traffic>();
  for (const line of text.split('\n')) {
    const colon = line.lastIndexOf(':');
    if (colon < 0) continue;
    const figures = line
      .slice(colon + 1)
      .trim()
      .split(/\s+/)
      .map(count);
    const name = line.slice(0, colon).trim();
    if (!name || figures.length < FIGURES || figures.includes(undefined)) continue;
    const [rxBytes, rxPackets, rxErrors, , , , , , txBytes, txPackets, txErrors] = figures as number[];
    interfaces.set(name, { rxBytes, rxPackets, rxErrors, txBytes, txPackets, txErrors });
  }
  return interfaces;
}

/** All interfaces that `counts` lets through together. */
export function sumTraffic(interfaces: Map<string, Traffic>, counts: (name: string) => boolean): Traffic {
  const sum: Traffic = { rxBytes: 0, rxPackets: 0, rxErrors: 0, txBytes: 0, txPackets: 0, txErrors: 0 };
  for (const [name, traffic] of interfaces) {
    if (!counts(name)) continue;
    for (const key of Object.keys(sum) as (keyof Traffic)[]) sum[key] += traffic[key];
  }
  return sum;
}

/**
 * Interfaces of a host that carry what another one carries too: bridges and the host's ends of containers, tunnels, bonds, VLANs. Counted,
 * they would tell the same bytes twice.
 */
const SECOND_HAND =
  /^(lo|veth.*|docker\d*|br-.*|br\d+|virbr.*|vnet\d+|tap.*|tun.*|cni.*|cali.*|cilium.*|lxc.*|flannel.*|vxlan.*|geneve.*|kube-.*|nodelocaldns|weave.*|ovs.*|dummy.*|ifb.*|bond\d+|team\d+|wg\d*|sit\d+|gre.*|tunl\d+|ip6.*|podman\d+|.*\..*)$/;

export const isOwnInterface = (name: string): boolean => !SECOND_HAND.test(name);
