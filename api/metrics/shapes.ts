import { type Static, Type } from 'typebox';
import { LogsFilter, NoteSchema } from '../contract.ts';
import { FiguresSchema } from '../contract-figures.ts';
import { Closed, Maybe, Str } from '../contract-shapes.ts';

/** Shapes of `/api/v1/metrics/…`, a part of the contract. */

const MetricFilter = {
  metric: Type.String({
    maxLength: 64,
    description: 'Such as `cpu_cores`; an unknown one is answered with those there are',
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

const By = Type.Enum(['app', 'env', 'host', 'container']);
const { app, env, host, container, from, to } = MetricFilter;
export const MetricNowQuerySchema = Closed({
  app,
  env,
  host,
  container,
  by: Type.Optional(
    Type.Union([By, Type.Array(By, { minItems: 1, maxItems: 4 })], { description: 'Default `app`; repeat for pairs' }),
  ),
});
export const MetricNowAnswerSchema = Type.Object({
  items: Type.Array(Type.Object({ labels: Type.Record(Type.String(), Type.String()), figures: FiguresSchema })),
  notes: Type.Array(NoteSchema),
});
export const CapacityQuerySchema = Closed({ app, env, host, container, from, to });
const CapacityOfSchema = Type.Object({
  limit: Maybe(Type.Number({ description: 'Sum of the limits of the containers that run; null without any' })),
  p95: Maybe(Type.Number({ description: 'What nineteen of twenty moments stayed at or below' })),
  ratio: Maybe(Type.Number({ description: 'The same of used to limit, of the containers that have one' })),
  hint: Type.Enum(['raise', 'lower', 'no_limit', 'fits', 'unknown'], {
    description: 'raise: above 90 % or killed for memory; lower: below 40 %',
  }),
  proposed: Maybe(Type.Number({ description: 'A limit with 30 % above the p95, where the hint is to change it' })),
});
export const CapacityAnswerSchema = Type.Object({
  items: Type.Array(
    Type.Object({
      app: Type.String(),
      env: Type.String(),
      cpu: CapacityOfSchema,
      memory: CapacityOfSchema,
      cpuThrottledRatio: Maybe(Type.Number()),
      oomKills: Maybe(Type.Number()),
    }),
    { description: 'What needs a hand first; cores and bytes' },
  ),
  notes: Type.Array(NoteSchema),
});

export type MetricNowAnswer = Static<typeof MetricNowAnswerSchema>;
export type CapacityAnswer = Static<typeof CapacityAnswerSchema>;
export type ApiCapacity = CapacityAnswer['items'][number];
export type CapacityOf = Static<typeof CapacityOfSchema>;
export type MetricSeriesQuery = Static<typeof MetricSeriesQuerySchema>;
export type MetricSeriesAnswer = Static<typeof MetricSeriesAnswerSchema>;
export type MetricTopQuery = Static<typeof MetricTopQuerySchema>;
export type MetricTopAnswer = Static<typeof MetricTopAnswerSchema>;
