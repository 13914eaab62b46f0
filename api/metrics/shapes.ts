import { type Static, Type } from 'typebox';
import { LogsFilter, NoteSchema } from '../contract.ts';
import { Closed, Str } from '../contract-shapes.ts';

/** Shapes of `/api/v1/metrics/…`, a part of the contract. */

const MetricFilter = {
  metric: Type.String({
    maxLength: 64,
    description: 'Such as `log_lines_per_second`; an unknown one is answered with those there are',
  }),
  app: LogsFilter.app,
  env: LogsFilter.env,
  host: LogsFilter.host,
  container: LogsFilter.container,
  from: LogsFilter.from,
  to: LogsFilter.to,
};
export const MetricSeriesQuerySchema = Closed({
  ...MetricFilter,
  by: Type.Optional(
    Type.Enum(['app', 'env', 'host', 'container', 'level'], { description: 'One series each; absent: all added up' }),
  ),
  step: Type.Optional(Str('`auto` or whole seconds: `5s 1m 1h 1d`')),
});
/** Start of the step in epoch ms, and the highest figure in it. */
const MetricPoint = Type.Unsafe<[number, number]>({
  type: 'array',
  items: { type: 'number' },
  minItems: 2,
  maxItems: 2,
  description: 'Start of the step in epoch ms, and the highest figure in it',
});
export const MetricSeriesAnswerSchema = Type.Object({
  unit: Str('cores, ratio, bytes, bytes/s, lines/s or count'),
  step: Str('Duration between points, e.g. `30s`'),
  series: Type.Array(
    Type.Object({
      labels: Type.Record(Type.String(), Type.String()),
      points: Type.Array(MetricPoint, {
        description: 'Finished steps only, ascending; a step of which nothing is known has none',
      }),
    }),
  ),
  notes: Type.Array(NoteSchema),
});
export const MetricTopQuerySchema = Closed({
  ...MetricFilter,
  by: Type.Optional(Type.Enum(['app', 'env', 'host', 'container'], { description: 'Default `app`' })),
  n: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 10 })),
});
export const MetricTopAnswerSchema = Type.Object({
  unit: Type.String(),
  items: Type.Array(Type.Object({ key: Type.String(), average: Type.Number(), peak: Type.Number() })),
  notes: Type.Array(NoteSchema),
});

export type MetricSeriesQuery = Static<typeof MetricSeriesQuerySchema>;
export type MetricSeriesAnswer = Static<typeof MetricSeriesAnswerSchema>;
export type MetricTopQuery = Static<typeof MetricTopQuerySchema>;
export type MetricTopAnswer = Static<typeof MetricTopAnswerSchema>;
