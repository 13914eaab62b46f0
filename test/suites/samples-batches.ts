import type { SampleRow, SamplesBatch } from '../../model/batch.ts';

/** A row of figures; tests name only what they are about. */
export function sampleRow(overrides: Partial<SampleRow> = {}): SampleRow {
  const name = overrides.containerName ?? 'shop-1';
  return {
    container: Buffer.from(name).toString('hex').padEnd(64, '0').slice(0, 64),
    containerName: name,
    app: 'shop',
    env: 'prod',
    instance: name,
    startedAt: 1_795_219_000_000_000,
    values: {},
    ...overrides,
  };
}

export function samplesBatch(overrides: Partial<SamplesBatch> = {}): SamplesBatch {
  return {
    kind: 'samples',
    host: 'h1',
    time: 1_795_219_200_000_000,
    epoch: 'e',
    rows: [],
    values: {},
    ...overrides,
  };
}
