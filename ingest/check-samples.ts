import type { SampleRow, SamplesBatch } from '../model/batch.ts';
import { FleetlogError } from '../model/errors.ts';
import { CONTAINER_SAMPLES, HOST_SAMPLES } from '../model/samples.ts';

/**
 * The batch with only what this build knows and can count with: figures of a newer collector are left out, and so is what is negative or no
 * number. Throws `bad_batch` when it is no samples batch at all.
 */
export function checkSamples(batch: SamplesBatch): SamplesBatch {
  const { host, time, epoch, rows, values } = batch;
  if (typeof host !== 'string' || host === '' || !isAmount(time) || typeof epoch !== 'string' || !Array.isArray(rows))
    throw new FleetlogError('bad_batch', 'cannot read samples: they are not of this shape');
  return {
    kind: 'samples',
    host,
    time,
    epoch,
    rows: rows.filter(isRow).map((row) => ({ ...row, values: known(row.values, CONTAINER_SAMPLES) })),
    values: known(values ?? {}, HOST_SAMPLES),
  };
}

function isRow(row: SampleRow | null): boolean {
  if (typeof row !== 'object' || row === null) return false;
  const names = [row.container, row.containerName, row.app, row.env, row.instance];
  return names.every((name) => typeof name === 'string') && typeof row.values === 'object' && isAmount(row.startedAt);
}

function known<Name extends string>(
  values: Partial<Record<Name, number>>,
  names: Record<Name, unknown>,
): Partial<Record<Name, number>> {
  const kept: Partial<Record<Name, number>> = {};
  for (const name of Object.keys(names) as Name[]) if (isAmount(values[name])) kept[name] = values[name];
  return kept;
}

const isAmount = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0;
