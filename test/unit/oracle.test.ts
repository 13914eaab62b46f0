import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rotatedLines } from '../../bench/docker-lines.ts';
import { logPath } from '../../cli/demo/docker-files.ts';
import { createOracle, formatLine, parseLine, type Tally } from '../suites/oracle-line.ts';
import { type WriterPlan, writerContainers } from '../suites/writer.ts';
import { startWriterProcess } from '../suites/writer-process.ts';

const RUN = 'r1';
const line = (stream: number, seq: number, payload = `支付 ${seq}`): string =>
  formatLine({ run: RUN, stream, seq, payload });

function judge(messages: string[], written: [number, number][] = [[0, 3]]): Tally {
  const oracle = createOracle(RUN, new Map(written));
  for (const message of messages) oracle.take(message);
  return oracle.verdict();
}

const CLEAN = { lost: 0, twice: 0, bad: 0, disordered: 0, strange: 0 };

describe('the oracle', () => {
  it('finds nothing wrong with what is right, traces included', () => {
    expect(judge([line(0, 1), `${line(0, 2)}\n\tat ${line(0, 3)}`])).toMatchObject({ ...CLEAN, lines: 3, records: 2 });
  });

  it.each([
    ['a lost line', [line(0, 1), line(0, 3)], { lost: 1 }],
    ['a lost last line', [line(0, 1), line(0, 2)], { lost: 1 }],
    ['a line twice', [line(0, 1), line(0, 2), line(0, 2), line(0, 3)], { twice: 1 }],
    ['a changed byte', [line(0, 1), line(0, 2).replace('支', '文'), line(0, 3)], { bad: 1, lost: 1 }],
    ['two lines in the wrong order', [line(0, 2), line(0, 1), line(0, 3)], { disordered: 1 }],
    ['a line nobody wrote', [line(0, 1), line(0, 2), line(0, 3), line(0, 4)], { strange: 1 }],
    ['half a line', [line(0, 1), line(0, 2).slice(0, 9), line(0, 3)], { strange: 1, lost: 1 }],
    ['a lost frame of a trace', [line(0, 1), `${line(0, 2)}\n`, line(0, 3)], { strange: 1 }],
  ])('sees %s', (_, messages, wrong) => {
    expect(judge(messages)).toMatchObject({ ...CLEAN, ...wrong });
  });

  it('reads back what it formats', () => {
    expect(parseLine(line(7, 42, 'a  b\t"'))).toEqual({
      run: RUN,
      stream: 7,
      seq: 42,
      payload: 'a  b\t"',
      intact: true,
    });
    expect(parseLine(`\tat ${line(7, 42)}`)).toMatchObject({ seq: 42, intact: true });
    expect(parseLine('something else')).toBeNull();
  });
});

describe('the writer', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'fleetlog-writer-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('leaves files in which the oracle finds every line it says it wrote', async () => {
    const plan: WriterPlan = {
      containersDir: dir,
      run: RUN,
      streams: 4,
      linesPerSecond: 4_000,
      seed: 12,
      limits: { maxBytes: 50_000, maxFiles: 1_000, compress: true },
      oracleFile: join(dir, 'oracle.ndjson'),
    };
    const writer = startWriterProcess(plan);
    await expect.poll(() => writer.entry()?.rotations ?? 0, { timeout: 20_000 }).toBeGreaterThan(10);
    const { written } = await writer.stop();
    const oracle = createOracle(RUN, written);
    const containers = writerContainers(plan);
    for (const container of containers) {
      for (const { text } of rotatedLines(logPath(dir, container.id))) oracle.take(text);
    }
    expect(oracle.verdict()).toMatchObject(CLEAN);
    expect(oracle.verdict().lines).toBe([...written.values()].reduce((sum, last) => sum + last, 0));
    const names = readdirSync(join(dir, containers[1].id));
    expect(names.some((name) => name.endsWith('.gz'))).toBe(true);
  });
});
