import { type Static, Type } from 'typebox';
import { Maybe, Time } from '../contract-shapes.ts';

/** Shapes of `/api/v1/audit`. */
const MaybeText = Maybe(Type.String());
const Many = Type.Optional(Type.Union([Type.String(), Type.Array(Type.String(), { maxItems: 50 })]));
const Head = Type.Object({ seq: Type.Integer(), hash: Type.String() });

export const AuditEntrySchema = Type.Object({
  seq: Type.Integer({ description: 'From 1, without holes' }),
  time: Time,
  actor: Type.String({ description: '`user:NAME`, `token:ID`, `anonymous`, `system` or `unknown`' }),
  kind: Type.Enum(['user', 'token', 'anonymous', 'system', 'unknown']),
  ip: MaybeText,
  action: Type.String({ description: '`login`, `logs.search`, `user.change`, …' }),
  target: MaybeText,
  detail: Type.Unsafe<Record<string, unknown>>(Type.Object({}, { additionalProperties: true })),
  outcome: Type.Enum(['ok', 'refused', 'failed']),
  prev: Type.String({ description: 'Hash of the entry before' }),
  hash: Type.String({ description: 'SHA-256 of all other fields as canonical JSON (RFC 8785)' }),
});
export const AuditQuerySchema = Type.Object(
  {
    from: Type.Optional(Type.String({ description: 'As for logs; default the beginning' })),
    to: Type.Optional(Type.String({ description: 'Exclusive; default the end' })),
    actor: Many,
    action: Many,
    outcome: Type.Optional(Type.Enum(['ok', 'refused', 'failed'])),
    limit: Type.Optional(Type.Integer({ minimum: 1 })),
    cursor: Type.Optional(Type.String({ maxLength: 256 })),
  },
  { additionalProperties: false },
);
export const AuditChainQuerySchema = Type.Object(
  { cursor: Type.Optional(Type.Integer({ minimum: 1 })) },
  { additionalProperties: false },
);
export const AuditChainSchema = Type.Object({
  items: Type.Array(AuditEntrySchema),
  next: Type.Union([Type.Integer(), Type.Null()]),
  base: Type.Unsafe<Static<typeof Head>>({ ...Head, description: 'Entries up to this one were removed by age' }),
  tip: Type.Unsafe<Static<typeof Head>>({ ...Head, description: 'How far the chain was known to reach' }),
});
export const AuditVerdictSchema = Type.Object({
  ok: Type.Boolean(),
  entries: Type.Integer({ description: 'Entries that are as they were written' }),
  from: Maybe(Type.Unsafe<Static<typeof Head>>({ ...Head, description: 'Entries up to this one were removed by age' })),
  head: Maybe(
    Type.Unsafe<Static<typeof Head>>({ ...Head, description: 'Keep it elsewhere: a chain made anew lacks it' }),
  ),
  brokenAt: Maybe(Type.Integer({ description: 'First entry that is missing or not as it was written' })),
  why: Maybe(Type.String()),
});

export type ApiAuditEntry = Static<typeof AuditEntrySchema>;
export type AuditListQuery = Static<typeof AuditQuerySchema>;
export type AuditVerdict = Static<typeof AuditVerdictSchema>;
export type AuditChainAnswer = Static<typeof AuditChainSchema>;
