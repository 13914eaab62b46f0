import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CgroupV1, limitsV1, V1_FILES, valuesV1 } from '../../collector/stats/cgroup-v1.ts';
import { type CgroupV2, limitsV2, memoryStall, V2_FILES, valuesV2 } from '../../collector/stats/cgroup-v2.ts';
import { valuesFromEngine } from '../../collector/stats/engine-stats.ts';
import { cpu, disks, load, memory, network } from '../../collector/stats/host.ts';
import { parseNetDev } from '../../collector/stats/net-dev.ts';

const recorded = (version: 'v1' | 'v2'): { host: Record<string, string>; container: Record<string, string> } =>
  JSON.parse(readFileSync(new URL(`../fixtures/cgroup/${version}.json`, import.meta.url), 'utf8'));
const file = (files: Record<string, string>, name: string): string =>
  Object.entries(files).find(([path]) => path.endsWith(name))![1];

const v1 = recorded('v1').container;
const v2 = recorded('v2').container;
const filesV1 = Object.fromEntries(
  Object.entries(V1_FILES).map(([what, path]) => [what, file(v1, `/${path[1]}`)]),
) as CgroupV1;
const filesV2 = Object.fromEntries(V2_FILES.map((name) => [name, file(v2, `/${name}`)])) as unknown as CgroupV2;

describe('a recorded cgroup', () => {
  test('of version 1', () => {
    expect(valuesV1(filesV1)).toEqual({
      cpu_seconds: 2.068007414,
      cpu_periods: 74,
      cpu_throttled_periods: 57,
      cpu_throttled_seconds: 2.696623989,
      memory_bytes: 684_032,
      oom_kills: 1,
      disk_read_bytes: 8_388_608,
      disk_write_bytes: 8_388_608,
      pids: 1,
    });
    expect(limitsV1('33554432\n', '30000\n', '100000\n')).toEqual({
      memory_limit_bytes: 33_554_432,
      cpu_limit_cores: 0.3,
    });
    expect(limitsV1('9223372036854771712\n', '-1\n', '100000\n')).toEqual({});
  });

  test('of version 2', () => {
    expect(valuesV2(filesV2)).toEqual({
      cpu_seconds: 4.031207,
      cpu_periods: 412,
      cpu_throttled_periods: 96,
      cpu_throttled_seconds: 5.210334,
      memory_bytes: 157_286_400 - 41_943_040,
      oom_kills: 2,
      disk_read_bytes: 12_288_000 + 8_192,
      disk_write_bytes: 4_096_000,
      pids: 14,
    });
    expect(limitsV2('268435456\n', '50000 100000\n')).toEqual({
      memory_limit_bytes: 268_435_456,
      cpu_limit_cores: 0.5,
    });
    expect(limitsV2('max\n', 'max 100000\n')).toEqual({});
    expect(memoryStall(filesV2['memory.pressure'])).toBe(0.33);
  });

  test('says nothing of what its kernel does not count: that is absent, and never 0', () => {
    const none = Object.fromEntries(V2_FILES.map((name) => [name, null])) as unknown as CgroupV2;
    expect(valuesV2(none)).toEqual({});
    expect(valuesV2({ ...none, 'cpu.stat': 'usage_usec 5000000\nuser_usec 1\n' })).toEqual({ cpu_seconds: 5 });
    expect(valuesV2({ ...none, 'io.stat': '' })).toEqual({ disk_read_bytes: 0, disk_write_bytes: 0 });
    const { oom: _, ...before413 } = filesV1;
    expect(valuesV1({ ...before413, oom: 'oom_kill_disable 0\nunder_oom 0\n' })).not.toHaveProperty('oom_kills');
    // Newer kernels count block I/O of version 1 only for devices with a limit.
    expect(valuesV1({ ...filesV1, disk: 'Total 0\n' })).not.toHaveProperty('disk_read_bytes');
  });

  test('with more page cache than usage still has its usage', () => {
    expect(valuesV2({ ...filesV2, 'memory.stat': 'inactive_file 999999999999\n' }).memory_bytes).toBe(157_286_400);
  });
});

describe('a recorded host', () => {
  const { host } = recorded('v1');

  test('CPU is what was worked, in seconds; waiting and what other machines took are not', () => {
    const worked = (2_800_373 + 820_666 + 450_818 + 0 + 12_651) / 100;
    expect(cpu(host['proc/stat'])).toEqual({ cpu_seconds: worked, cpu_cores: 2 });
  });

  test('memory is what is not available', () => {
    const total = 24_682_416 * 1024;
    expect(memory(host['proc/meminfo'])).toEqual({
      memory_total_bytes: total,
      memory_bytes: total - 21_531_204 * 1024,
    });
    // Before Linux 3.14.
    expect(memory('MemTotal: 1000 kB\nMemFree: 10 kB\n')).toEqual({ memory_total_bytes: 1_024_000 });
  });

  test('load of the last minute', () => {
    expect(load(host['proc/loadavg'])).toEqual({ load: 7.37 });
  });

  test('disks and networks are counted once, however many devices tell of the same bytes', () => {
    expect(disks(host['proc/diskstats'])).toEqual({
      disk_read_bytes: 8_022_810 * 512,
      disk_write_bytes: 206_230_968 * 512,
    });
    const row = (name: string, read: number): string => ` 8 0 ${name} 1 1 ${read} 1 1 1 10 1 0 1 1`;
    const many = [
      'sda',
      'sda1',
      'sda2',
      'nvme0n1',
      'nvme0n1p1',
      'xvdb1',
      'dm-0',
      'md0',
      'loop3',
      'mmcblk0',
      'mmcblk0p1',
    ];
    expect(disks(many.map((name) => row(name, 100)).join('\n')).disk_read_bytes).toBe(4 * 100 * 512);
    const line = (name: string): string => `${name}: 100 1 0 0 0 0 0 0 7 1 0 0 0 0 0 0`;
    const names = [
      'lo',
      'eth0',
      'veth1a',
      'docker0',
      'br-91ab',
      'cali12',
      'eth0.100',
      'bond0',
      'ens5',
      'wlan0',
      'flannel.1',
    ];
    expect(network(names.map(line).join('\n'))).toEqual({ net_rx_bytes: 300, net_tx_bytes: 21 });
  });
});

describe('the Docker API’s answer', () => {
  const answer = {
    cpu_stats: {
      cpu_usage: { total_usage: 2_069_244_791 },
      throttling_data: { periods: 74, throttled_periods: 57, throttled_time: 2_696_623_989 },
    },
    memory_stats: { usage: 1_000_000, limit: 33_554_432, stats: { inactive_file: 1, total_inactive_file: 250_000 } },
    pids_stats: { current: 3 },
    networks: {
      eth0: { rx_bytes: 10, rx_packets: 2, rx_errors: 1, tx_bytes: 20, tx_packets: 3, tx_errors: 0 },
      eth1: { rx_bytes: 5, rx_packets: 1, rx_errors: 0, tx_bytes: 5, tx_packets: 1, tx_errors: 2 },
    },
    blkio_stats: {
      io_service_bytes_recursive: [
        { major: 254, minor: 0, op: 'Read', value: 4096 },
        { major: 8, minor: 0, op: 'read', value: 1 },
        { major: 254, minor: 0, op: 'Write', value: 512 },
        { major: 254, minor: 0, op: 'Total', value: 4608 },
      ],
    },
  };

  test('gives the same figures as the files', () => {
    expect(valuesFromEngine(answer, 64e9)).toEqual({
      cpu_seconds: 2.069244791,
      cpu_periods: 74,
      cpu_throttled_periods: 57,
      cpu_throttled_seconds: 2.696623989,
      memory_bytes: 750_000,
      memory_limit_bytes: 33_554_432,
      pids: 3,
      net_rx_bytes: 15,
      net_rx_packets: 3,
      net_rx_errors: 1,
      net_tx_bytes: 25,
      net_tx_packets: 4,
      net_tx_errors: 2,
      disk_read_bytes: 4097,
      disk_write_bytes: 512,
    });
    expect(valuesFromEngine(answer, 33_554_432)).not.toHaveProperty('memory_limit_bytes');
  });

  test('of a container that just ended is none: its zeros are no figures', () => {
    expect(valuesFromEngine({ cpu_stats: { cpu_usage: { total_usage: 0 } }, memory_stats: {} }, 1)).toEqual({});
    expect(valuesFromEngine(null, 1)).toEqual({});
  });
});

describe('hostile content', () => {
  const sane = (values: object): void => {
    for (const value of Object.values(values)) {
      expect(Number.isFinite(value)).toBe(true);
      expect(value).toBeGreaterThanOrEqual(0);
    }
  };
  /** Real files with pieces cut out, doubled and put in, or nothing real at all. */
  const torn = (text: string): fc.Arbitrary<string> =>
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .tuple(
          fc.nat(text.length),
          fc.nat(text.length),
          fc.constantFrom('', '-', '1e400', '9'.repeat(30), '\0', ':', ' '),
        )
        .map(([from, to, put]) => text.slice(0, from) + put + text.slice(to)),
    );

  test('of cgroup files', () => {
    const some = fc.record({
      cpu: torn(filesV2['cpu.stat']!),
      stat: torn(filesV2['memory.stat']!),
      io: torn(filesV2['io.stat']!),
      blkio: torn(filesV1.disk!),
      one: torn('1234\n'),
    });
    fc.assert(
      fc.property(some, ({ cpu: cpuStat, stat, io, blkio, one }) => {
        sane(
          valuesV2({
            'cpu.stat': cpuStat,
            'memory.current': one,
            'memory.stat': stat,
            'memory.events': stat,
            'io.stat': io,
            'pids.current': one,
            'memory.pressure': stat,
          }),
        );
        sane(valuesV1({ usage: one, cpu: cpuStat, memory: one, memoryStat: stat, oom: stat, disk: blkio, pids: one }));
        sane(limitsV1(one, one, one));
        sane(limitsV2(one, io));
        memoryStall(io);
      }),
    );
  });

  test('of /proc', () => {
    const { host } = recorded('v1');
    const some = fc.tuple(
      torn(host['proc/stat']),
      torn(host['proc/meminfo']),
      torn(host['proc/loadavg']),
      torn(host['proc/diskstats']),
      torn(host['proc/1/net/dev']),
    );
    fc.assert(
      fc.property(some, ([stat, meminfo, loadavg, diskstats, netDev]) => {
        for (const values of [cpu(stat), memory(meminfo), load(loadavg), disks(diskstats), network(netDev)])
          sane(values);
        for (const traffic of parseNetDev(netDev).values()) sane(traffic);
      }),
    );
  });

  test('of the Docker API', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        sane(valuesFromEngine(a, undefined));
        sane(
          valuesFromEngine(
            {
              cpu_stats: { cpu_usage: { total_usage: 5 }, throttling_data: a },
              memory_stats: b,
              networks: a,
              blkio_stats: { io_service_bytes_recursive: b },
            },
            1,
          ),
        );
      }),
    );
  });
});
