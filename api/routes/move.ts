import { Value } from 'typebox/value';
import { ConfigSchema } from '../../model/config.ts';
import { FleetlogError } from '../../model/errors.ts';
import type { ApiApp, ApiContext } from '../context.ts';
import { type ApiMove, ErrorSchema, MoveSchema, MoveStartSchema } from '../contract.ts';
import type { MoveStatus } from '../mover.ts';
import { formatMaybe, formatTime } from '../times.ts';

const { elasticsearch: ElasticsearchSchema, retention: RetentionSchema } = ConfigSchema.properties;

/** Moving the embedded store to Elasticsearch while both work. Absent where there is nothing to move from. */
export function registerMove(app: ApiApp, context: ApiContext): void {
  const { mover, log } = context;
  if (!mover) return;
  const answers = { 200: MoveSchema, '4xx': ErrorSchema };

  app.post(
    '/api/v1/move',
    {
      config: { access: 'admin' },
      schema: {
        summary: 'Copy this store to Elasticsearch, or go on with it',
        tags: ['move'],
        body: MoveStartSchema,
        response: { 202: MoveSchema, '4xx': ErrorSchema },
      },
    },
    async ({ principal, body }, reply) => {
      const status = await mover.start({
        elasticsearch: complete(ElasticsearchSchema, body.elasticsearch, 'elasticsearch'),
        retention: complete(RetentionSchema, body.retention ?? context.config.retention, 'retention'),
      });
      log.info({ who: principal.id, target: status.target }, 'began to move everything');
      return reply.code(202).send(apiMove(status));
    },
  );

  app.get(
    '/api/v1/move',
    {
      config: { access: 'admin' },
      schema: { summary: 'Where the move stands', tags: ['move'], response: answers },
    },
    async () => apiMove(known()),
  );

  app.delete(
    '/api/v1/move',
    {
      config: { access: 'admin' },
      schema: {
        summary: 'Stop after the hour at hand; what was moved stays, and a later start goes on',
        tags: ['move'],
        response: answers,
      },
    },
    async ({ principal }) => {
      await mover.stop();
      log.info({ who: principal.id }, 'stopped the move');
      return apiMove(known());
    },
  );

  function known(): MoveStatus {
    const status = mover?.status();
    if (status) return status;
    throw new FleetlogError('not_found', 'nothing has been moved since this process started', {
      hint: '"fleetlog move --to elasticsearch" starts one; it goes on where an earlier one was',
    });
  }
}

/** A section of the configuration with its defaults; refused like a wrong file is. */
function complete<T extends typeof ElasticsearchSchema | typeof RetentionSchema>(
  schema: T,
  given: unknown,
  name: string,
): ReturnType<typeof Value.Parse<T>> {
  const value = Value.Default(schema, structuredClone(given));
  const [wrong] = Value.Errors(schema, value);
  if (wrong)
    throw new FleetlogError('bad_request', `cannot use ${name}${wrong.instancePath}: ${wrong.message}`, {
      hint: 'docs/config.md lists the keys',
    });
  return value as ReturnType<typeof Value.Parse<T>>;
}

function apiMove(status: MoveStatus): ApiMove {
  return { ...status, startedAt: formatTime(status.startedAt), at: formatMaybe(status.at) };
}
