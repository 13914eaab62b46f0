import { describe, expect, test } from 'vitest';
import type { ApiFigures } from '../../api/contract.ts';
import { screen, sorted } from '../../cli/commands/top.ts';
import { paletteFor } from '../../cli/terminal/color.ts';
import { textWidth } from '../../cli/terminal/width.ts';

const NOTHING: ApiFigures = {
  ...{ cpuCores: null, cpuLimitCores: null, cpuThrottledRatio: null, memoryBytes: null, memoryLimitBytes: null },
  ...{ memoryRatio: null, netRxBytesPerSecond: null, netTxBytesPerSecond: null, diskReadBytesPerSecond: null },
  ...{ diskWriteBytesPerSecond: null, diskUsedBytes: null, pids: null, restarts: null, oomKills: null },
  errorsPerMinute: null,
};
const item = (app: string, figures: Partial<ApiFigures>) => ({
  labels: { app, env: 'prod' },
  figures: { ...NOTHING, ...figures },
});
const plain = paletteFor({ write: () => true }, {});

describe('fleetlog top', () => {
  test('sorts by any figure, the highest first, what is not known last, and equal ones by name', () => {
    const items = [
      item('none', {}),
      item('b', { cpuCores: 1, memoryBytes: 5 }),
      item('a', { cpuCores: 1, memoryBytes: 9 }),
      item('zero', { cpuCores: 0 }),
    ];
    const names = (sort: Parameters<typeof sorted>[1]) => sorted(items, sort).map((one) => one.labels.app);
    expect(names('cpu')).toEqual(['a', 'b', 'zero', 'none']);
    expect(names('memory')).toEqual(['a', 'b', 'none', 'zero']);
  });

  test('lays wide characters out in columns, tells nothing from zero, and shows no control characters', () => {
    const text = screen(
      [
        item('订单服务', { cpuCores: 0.5, memoryBytes: 1.5e9, memoryRatio: 0.75, pids: 1200 }),
        item('pay', { cpuCores: 0 }),
        item('bad\x1b[2J', {}),
      ],
      'app',
      'cpu',
      plain,
    );
    const lines = text.trimEnd().split('\n');
    expect(lines[0]).toContain('CPU▼');
    const at = (line: string, part: string): number => textWidth(line.slice(0, line.indexOf(part)));
    expect(new Set(lines.slice(1).map((line) => at(line, 'prod'))).size).toBe(1);
    expect(lines[1]).toMatch(/0\.50 +1\.5 GB +75% .* 1,200/);
    expect(lines[2]).toMatch(/ 0\.00 +- /);
    expect(text).not.toContain('\x1b');
  });
});
