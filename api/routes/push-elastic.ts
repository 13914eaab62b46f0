import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiApp, ApiContext } from '../context.ts';
import { ErrorSchema } from '../contract.ts';
import { bodyOf } from '../push/body.ts';
import { bulkAnswer, takeBulk } from '../push/elastic-bulk.ts';
import type { Push } from '../push/push.ts';
import { ForeignSchema, PushQuerySchema } from '../push/shapes.ts';

const ROOT = '/api/v1/push/elastic';
/** What clients are told; of this version on they use data streams and create. */
const VERSION = '8.19.0';
const CLUSTER = 'fleetlog';

/**
 * As much of Elasticsearch's API as shippers use: `_bulk`, and what they ask when they connect. Templates, pipelines, policies and data
 * streams are acknowledged, for nothing needs them here.
 */
export function registerPushElastic(scope: ApiApp, push: Push, { clock }: ApiContext): void {
  scope.addHook('onSend', async (_request, reply) => {
    // Official clients stop when it is missing.
    reply.header('x-elastic-product', 'Elasticsearch');
  });

  const schema = (summary: string) => ({
    summary,
    tags: ['push'],
    querystring: PushQuerySchema,
    response: { 200: ForeignSchema, '4xx': ErrorSchema },
  });

  async function bulk(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const began = clock.monotonicMs();
    const intake = push.begin(request, 'elastic');
    const { index = '' } = request.params as { index?: string };
    const items = await takeBulk(bodyOf(request), intake, {
      index,
      defaults: (name) => push.defaults(request, 'elastic', name),
    });
    await intake.store();
    return reply.type('application/json; charset=utf-8').send(bulkAnswer(items, clock.monotonicMs() - began));
  }

  for (const url of [`${ROOT}/_bulk`, `${ROOT}/:index/_bulk`]) {
    for (const method of ['POST', 'PUT'] as const) {
      scope.route({
        method,
        url,
        config: { access: 'push' },
        schema: schema("Take documents of Elasticsearch's bulk API"),
        handler: bulk,
      });
    }
  }

  const answer = (url: string, summary: string, body: () => unknown, hide = false): void => {
    scope.get(url, { config: { access: 'push' }, schema: { ...schema(summary), hide } }, async (_request, reply) =>
      reply.send(body()),
    );
  };
  const about = {
    name: CLUSTER,
    cluster_name: CLUSTER,
    cluster_uuid: CLUSTER,
    version: {
      number: VERSION,
      build_flavor: 'default',
      build_type: 'docker',
      build_snapshot: false,
      lucene_version: '9.12.2',
      minimum_wire_compatibility_version: '7.17.0',
      minimum_index_compatibility_version: '7.0.0',
    },
    tagline: 'You Know, for Search',
  };
  const license = { status: 'active', uid: CLUSTER, type: 'basic', issue_date_in_millis: 0, issued_to: CLUSTER };
  const health = {
    cluster_name: CLUSTER,
    status: 'green',
    timed_out: false,
    number_of_nodes: 1,
    number_of_data_nodes: 1,
  };
  answer(ROOT, 'What clients of Elasticsearch ask first', () => about);
  answer(`${ROOT}/`, 'What clients of Elasticsearch ask first', () => about, true);
  answer(`${ROOT}/_license`, 'What Filebeat asks when it connects', () => ({ license }));
  answer(`${ROOT}/_xpack`, 'What older Beats ask when they connect', () => ({ license, features: {} }));
  answer(`${ROOT}/_cluster/health`, 'What Vector asks when it connects', () => health);
  answer(`${ROOT}/_cat/health`, 'What rsyslog asks when it connects', () => [{ cluster: CLUSTER, status: 'green' }]);

  for (const path of [
    '_index_template',
    '_template',
    '_component_template',
    '_ilm/policy',
    '_ingest/pipeline',
    '_data_stream',
  ]) {
    for (const method of ['GET', 'PUT'] as const) {
      scope.route({
        method,
        url: `${ROOT}/${path}/:name`,
        config: { access: 'push' },
        schema: schema('Acknowledged, and not needed here'),
        handler: async (_request, reply) => reply.send({ acknowledged: true }),
      });
    }
  }
}
