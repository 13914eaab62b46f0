import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { Registry } from 'prom-client';
import type { Clock } from '../model/clock.ts';
import type { Config } from '../model/config.ts';
import type { LogStore } from '../store/log-store.ts';
import type { MetricStore } from '../store/metric-store.ts';
import type { StateStore } from '../store/state-store.ts';
import type { Bus } from '../transport/bus.ts';
import type { AuditLog } from './audit/audit-log.ts';
import type { Authenticate } from './auth/authenticator.ts';
import type { AuthChanges } from './auth/changes.ts';
import type { Passwords } from './auth/passwords.ts';
import type { Access, Principal } from './auth/principal.ts';
import type { Sessions } from './auth/sessions.ts';
import type { Setup } from './auth/setup.ts';
import type { Tokens } from './auth/tokens.ts';
import type { Users } from './auth/users.ts';
import type { FleetView } from './fleet-view.ts';
import type { LineRates } from './line-rates.ts';
import type { Log } from './log.ts';
import type { Mover } from './mover.ts';
import type { ReadGate } from './read-gate.ts';
import type { ApiTelemetry } from './telemetry.ts';
import type { Watermark } from './watermark.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Routes without one are refused: default deny. */
    access?: Access;
  }
  interface FastifyRequest {
    /** Set by the guard for every route that is not `open`. */
    principal: Principal;
  }
}

export interface ApiDeps {
  config: Config;
  store: LogStore;
  state: StateStore;
  /** Figures; without one there are no `/api/v1/metrics` routes. */
  metrics?: MetricStore;
  bus: Bus;
  clock?: Clock;
  log: Log;
  version: string;
  /** The built dashboard to serve, or null. */
  dashboardDir: string | null;
  telemetry: Registry;
  readiness: () => { ready: boolean; parts: Record<string, string> };
  /** Present when this process takes batches from other hosts; resolves when the store has the batch. */
  collect?: (batch: Buffer, principal: Principal) => Promise<void>;
  /** Present when this process holds a store that can be moved. */
  mover?: Mover;
  /** How passwords are hashed; scrypt by default. */
  passwords?: Passwords;
}

/** What routes are built from. */
export interface ApiContext extends Omit<ApiDeps, 'clock' | 'telemetry'> {
  clock: Clock;
  registry: Registry;
  telemetry: ApiTelemetry;
  fleet: FleetView;
  lineRates: LineRates;
  watermark: Watermark;
  gate: ReadGate;
  audit: AuditLog;
  authenticate: Authenticate;
  changes: AuthChanges;
  users: Users;
  sessions: Sessions;
  tokens: Tokens;
  setup: Setup;
}

export type ApiApp = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse<IncomingMessage>,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;
