import { type Static, Type } from 'typebox';
import { NoteSchema } from './contract.ts';
import { Maybe, Str, Time } from './contract-shapes.ts';

/** Shapes of `/api/v1/retention` and `/api/v1/redaction`: what is kept for how long, and what was never kept. Their types are in contract.ts. */
export const RetentionClassSchema = Type.Object({
  name: Type.String(),
  app: Maybe(Str('Pattern of the rule; null for `default` and for a class that left the configuration')),
  env: Maybe(Type.String()),
  configured: Type.Boolean({
    description: 'False for a class that left the configuration: it keeps as long as `default`',
  }),
  days: Type.Integer(),
  bytes: Maybe(Type.Number({ description: 'Most bytes on disk; null without a limit of its own' })),
  records: Type.Integer({ description: 'What it holds now' }),
  diskBytes: Type.Number(),
  oldest: Maybe(Time),
  newest: Maybe(Time),
  nextRemovalAt: Maybe(
    Type.Unsafe<string>({ ...Time, description: 'From when age takes its oldest day; sizes may take it earlier' }),
  ),
  tooOldBytes: Type.Number({
    description: 'Bytes read of its sources and not stored, for they were older than is kept',
  }),
});
export const RetentionAnswerSchema = Type.Object({
  items: Type.Array(RetentionClassSchema),
  next: Type.Null(),
  notes: Type.Array(NoteSchema),
  total: Type.Object({
    bytes: Maybe(Type.Number({ description: 'Most bytes on disk of all classes; null is 80 % of the disk' })),
    diskBytes: Type.Number(),
    records: Type.Integer(),
    tooOldRecords: Type.Integer({ description: 'Lines this process refused for their age since its start' }),
  }),
});
export const RedactionSchema = Type.Object({
  rule: Str('`private_key`, `aws_key`, `github_token`, `jwt`, `password`, `card`, or a name of `collector.redaction`'),
  host: Maybe(Str('Null: lines pushed to this process')),
  since: Maybe(Type.Unsafe<string>({ ...Time, description: 'Start of the process that counts' })),
  places: Type.Integer(),
  lines: Type.Integer(),
});

export type ApiRetentionClass = Static<typeof RetentionClassSchema>;
export type RetentionAnswer = Static<typeof RetentionAnswerSchema>;
export type ApiRedaction = Static<typeof RedactionSchema>;
