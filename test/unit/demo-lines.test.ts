import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dockerLines, rotatedLines, splitLines, toMicros } from '../../bench/docker-lines.ts';
import { createDockerEncoder, escapeLog, openDockerLog, PART_BYTES } from '../../cli/demo/docker-files.ts';
import { writeDockerLogs } from '../../cli/demo/docker-logs.ts';
import { APPS, DEFAULT_CONTAINERS, fleetContainers } from '../../cli/demo/fleet.ts';
import { containerRecords, needles } from '../../cli/demo/lines.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'fleetlog-demo-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const FROM = Date.UTC(2026, 10, 20);
const TO = FROM + 86_400_000;

describe('docker framing of the generator', () => {
  it('is read back by JSON.parse as the same line, whatever it holds', () => {
    const line = fc.string({ unit: fc.constantFrom(...'a\t"\\<>&\r\u2028é支😀\u0000'), maxLength: 60 });
    fc.assert(
      fc.property(line, (text) => {
        expect(JSON.parse(`"${escapeLog(text)}"`)).toBe(text);
        expect(escapeLog(text)).not.toMatch(/[<>&\t]/);
      }),
    );
  });

  it('cuts lines into parts of 16 KiB that share one time, and only the last ends in a newline', () => {
    const text = 'x'.repeat(PART_BYTES * 2 + 5);
    const parts = createDockerEncoder()(text, true, 1_795_000_000, 120_000_000)
      .trimEnd()
      .split('\n')
      .map((part) => JSON.parse(part) as { log: string; stream: string; time: string });
    expect(parts.map((part) => part.log.length)).toEqual([PART_BYTES, PART_BYTES, 6]);
    expect(parts.map((part) => part.log.endsWith('\n'))).toEqual([false, false, true]);
    expect(new Set(parts.map((part) => part.time)).size).toBe(1);
    expect(parts[0].time).toMatch(/\.12Z$/);
  });

  it('rotates as docker does, compressed or not, without losing a line', () => {
    for (const compress of [false, true]) {
      const path = join(dir, `${compress}`, 'c-json.log');
      const log = openDockerLog(path, { maxBytes: 2_000, maxFiles: 50, compress });
      const encode = createDockerEncoder();
      const texts = Array.from({ length: 400 }, (_, i) => `line ${i} ${'y'.repeat(i % 90)}`);
      texts.forEach((text, i) => {
        log.write(Buffer.from(encode(text, false, 1_795_000_000 + i, 0)));
      });
      log.close();
      expect(log.rotations).toBeGreaterThan(10);
      expect([...rotatedLines(path)].map((line) => line.text)).toEqual(texts);
      expect(readdirSync(join(dir, `${compress}`)).some((name) => name.endsWith('.gz'))).toBe(compress);
    }
  });

  it('keeps only as many files as it is told', () => {
    const path = join(dir, 'c', 'c-json.log');
    const log = openDockerLog(path, { maxBytes: 100, maxFiles: 3 });
    for (let i = 0; i < 50; i++) log.write(Buffer.from(`${'z'.repeat(60)}\n`));
    log.close();
    expect(readdirSync(join(dir, 'c')).sort()).toEqual(['c-json.log', 'c-json.log.1', 'c-json.log.2']);
  });
});

describe('the made-up day', () => {
  it('is the same for the same seed, and another for another', async () => {
    const options = { messageBytes: 200_000, from: FROM, to: TO };
    await writeDockerLogs({ ...options, dir: join(dir, 'a'), seed: 5 });
    await writeDockerLogs({ ...options, dir: join(dir, 'b'), seed: 5 });
    await writeDockerLogs({ ...options, dir: join(dir, 'c'), seed: 6 });
    const lines = (name: string): string[] =>
      readdirSync(join(dir, name)).map((id) => readFileSync(join(dir, name, id, `${id}-json.log`), 'utf8'));
    expect(lines('a')).toEqual(lines('b'));
    expect(lines('a')).not.toEqual(lines('c'));
  });

  it('says in its figures what lies on disk', async () => {
    const written = await writeDockerLogs({ dir, messageBytes: 500_000, seed: 7, from: FROM, to: TO });
    expect(written.containers).toHaveLength(DEFAULT_CONTAINERS);
    expect(new Set(written.containers.map((c) => c.app)).size).toBe(APPS.length);
    for (const container of written.containers) {
      const lines = [...dockerLines(container.path)];
      const texts = [...containerRecords(container, container.plan)].flatMap((record) => record.text.split('\n'));
      expect(lines.map((line) => line.text)).toEqual(texts);
      expect(lines).toHaveLength(container.lines);
      expect(statSync(container.path).size).toBe(container.fileBytes);
      expect(lines.every((line) => line.text.length > 0)).toBe(true);
      const times = lines.map((line) => toMicros(line.time));
      expect(times).toEqual([...times].sort());
      expect(times[0] >= new Date(FROM).toISOString().slice(0, 19)).toBe(true);
    }
    expect(written.messageBytes).toBeGreaterThanOrEqual(500_000);
  });

  it('hides each needle exactly once, in the last quarter of the day', () => {
    const { token, hex, app, env } = needles(9);
    let tokens = 0;
    let digits = 0;
    for (const container of fleetContainers(9)) {
      const plan = { seed: 9, from: FROM, to: TO, bytes: 2_000_000 * container.share };
      for (const record of containerRecords(container, plan)) {
        if (record.text.includes(hex)) digits++;
        if (!record.text.includes(token)) continue;
        tokens++;
        expect([container.app, container.env]).toEqual([app, env]);
        expect(record.seconds * 1000).toBeGreaterThan(TO - 6 * 3_600_000);
      }
    }
    expect([tokens, digits]).toEqual([1, 1]);
  });

  it('has the shape that benches rely on: errors, Chinese, traces, ids shared between apps', () => {
    const apps = new Map<string, Set<string>>();
    let records = 0;
    let errors = 0;
    let traces = 0;
    let callbacks = 0;
    for (const container of fleetContainers(3)) {
      for (const record of containerRecords(container, {
        seed: 3,
        from: FROM,
        to: FROM + 600_000,
        bytes: 2_000_000 * container.share,
      })) {
        records++;
        if (/ERROR|"level":50/.test(record.text)) errors++;
        if (record.text.includes('\n')) traces++;
        if (record.text.includes('支付回调处理失败')) callbacks++;
        const trace = /\b[0-9a-f]{32}\b/.exec(record.text)?.[0];
        if (trace) apps.set(trace, (apps.get(trace) ?? new Set()).add(container.app));
      }
    }
    expect(errors / records).toBeGreaterThan(0.04);
    expect(errors / records).toBeLessThan(0.25);
    expect(traces).toBeGreaterThan(50);
    expect(callbacks).toBeGreaterThan(10);
    expect([...apps.values()].filter((names) => names.size > 2).length).toBeGreaterThan(100);
  });
});

it('splits lines the same however the bytes arrive', () => {
  const text = fc.array(fc.string({ unit: fc.constantFrom(...'ab支😀'), maxLength: 8 }), { maxLength: 12 });
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 7 }), (lines, size) => {
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
      const pieces = [];
      for (let p = 0; p < bytes.length; p += size) pieces.push(bytes.subarray(p, p + size));
      expect([...splitLines(pieces)]).toEqual(lines);
    }),
  );
});
