import type { Role, Scope } from '../../api/contract.ts';
import type { Config } from '../../model/config.ts';
import { FleetlogError } from '../../model/errors.ts';
import type { LogStore } from '../../store/log-store.ts';
import { type Answer, type Harness, startHarness, T0 } from './api-harness.ts';

/** The API with a store behind its push routes, and a token that may push anything. */
export interface PushRig {
  h: Harness;
  token: string;
  /** What `collect` does before the store gets the batch; for outages. */
  behave: { before: (batch: Buffer) => Promise<void> };
  batches: Buffer[];
  push(path: string, body: string | Buffer, headers?: Record<string, string>): Promise<Answer>;
  // biome-ignore lint/suspicious/noExplicitAny: records are looked into field by field
  records(query?: string): Promise<any[]>;
  metric(name: string): Promise<string[]>;
  newToken(scopes?: Scope[], rest?: { role?: Role; host?: string }): Promise<string>;
  close(): Promise<void>;
}

export async function startPushRig(change: (config: Config) => void = () => {}, store?: LogStore): Promise<PushRig> {
  const behave = { before: async (_batch: Buffer): Promise<void> => undefined };
  const batches: Buffer[] = [];
  const h: Harness = await startHarness({
    config: change,
    ...(store && { store }),
    deps: {
      async collect(batch) {
        await behave.before(batch);
        batches.push(batch);
        await h.bus.publish(batch);
      },
    },
  });
  const newToken: PushRig['newToken'] = async (scopes, { role = 'push', ...rest } = {}) =>
    (await h.token(role, scopes, rest)).secret;
  const token = await newToken();
  return {
    h,
    token,
    behave,
    batches,
    newToken,
    async push(path, body, headers = {}) {
      const answer = await fetch(`${h.url}/api/v1/push${path}`, {
        method: 'POST',
        body: typeof body === 'string' ? body : new Uint8Array(body),
        headers: { authorization: `Bearer ${token}`, 'content-type': 'text/plain', ...headers },
      });
      const bytes = Buffer.from(await answer.arrayBuffer());
      const text = bytes.toString('utf8');
      const json = /json/.test(answer.headers.get('content-type') ?? '') && text !== '' ? JSON.parse(text) : null;
      return { status: answer.status, headers: answer.headers, text, json };
    },
    async records(query = '*') {
      const from = (T0 - 40 * 86_400e6) / 1000;
      const to = (T0 + 3 * 86_400e6) / 1000;
      const url = `/api/v1/logs?query=${encodeURIComponent(query)}&from=${from}&to=${to}&limit=10000&order=asc`;
      const answer = await h.get(url);
      if (answer.status !== 200) throw new FleetlogError('internal', answer.text);
      return answer.json.records;
    },
    async metric(name) {
      const { text } = await h.get('/metrics');
      return text.split('\n').filter((line) => line.startsWith(name));
    },
    close: () => h.close(),
  };
}
