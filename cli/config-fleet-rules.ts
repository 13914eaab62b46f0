import type { Config } from '../model/config.ts';
import type { Problem } from './config-check.ts';
import { dotted } from './config-check.ts';

/** Addresses and credentials of the engines a fleet runs on, and of the provider people come from. */
export function checkFleet(config: Config): Problem[] {
  return [...checkKafka(config), ...checkElasticsearch(config), ...checkPrometheus(config), ...checkOidc(config)];
}

function checkKafka({ kafka }: Config): Problem[] {
  const problems = kafka.brokers.flatMap((broker, i): Problem[] =>
    /^(\[[0-9a-fA-F:]+\]|[^\s:/]+):\d{1,5}$/.test(broker)
      ? []
      : [wrong(['kafka', 'brokers', i], broker, 'no broker address', 'host:port')],
  );
  if ((kafka.certFile === '') !== (kafka.keyFile === ''))
    problems.push(needs(['kafka', kafka.certFile ? 'certFile' : 'keyFile'], 'kafka.certFile and kafka.keyFile'));
  if (kafka.saslMechanism !== 'none' && (kafka.username === '' || kafka.password === ''))
    problems.push(needs(['kafka', 'saslMechanism'], 'kafka.username and kafka.password'));
  if (kafka.topic === kafka.deadLetterTopic)
    problems.push(wrong(['kafka', 'deadLetterTopic'], kafka.topic, 'the topic of batches too', 'another name'));
  return problems;
}

function checkElasticsearch({ elasticsearch }: Config): Problem[] {
  const problems = elasticsearch.nodes.flatMap((node, i): Problem[] =>
    isHttp(node) ? [] : [wrong(['elasticsearch', 'nodes', i], node, 'no address of a node', 'https://es1:9200')],
  );
  if (!/^[a-z0-9][a-z0-9-]{0,31}$/.test(elasticsearch.prefix))
    problems.push(
      wrong(['elasticsearch', 'prefix'], elasticsearch.prefix, 'no beginning of an index name', '[a-z0-9-]{1,32}'),
    );
  if (elasticsearch.username !== '' && elasticsearch.apiKey !== '')
    problems.push({
      path: ['elasticsearch', 'apiKey'],
      message: 'elasticsearch.apiKey and elasticsearch.username are both set; use one of them',
    });
  return problems;
}

function checkPrometheus({ prometheus }: Config): Problem[] {
  if (prometheus.url === '' || isHttp(prometheus.url)) return [];
  return [wrong(['prometheus', 'url'], prometheus.url, 'no address of a PromQL endpoint', 'http://prometheus:9090')];
}

function checkOidc({ auth, http }: Config): Problem[] {
  if (auth.mode !== 'oidc') return [];
  const problems: Problem[] = [];
  if (!isHttp(auth.oidc.issuer))
    problems.push(
      wrong(['auth', 'oidc', 'issuer'], auth.oidc.issuer, 'no issuer address', 'https://login.example/realms/main'),
    );
  if (auth.oidc.clientId === '') problems.push(needs(['auth', 'mode'], 'auth.oidc.clientId'));
  if (auth.oidc.groups.length === 0)
    problems.push({
      path: ['auth', 'oidc', 'groups'],
      message: 'auth.oidc.groups is empty, so nobody could get in; name at least one group, or "*"',
    });
  if (http.publicUrl === '') problems.push(needs(['auth', 'mode'], 'http.publicUrl, which the provider redirects to'));
  return problems;
}

const wrong = (path: Problem['path'], value: string, what: string, wanted: string): Problem => ({
  path,
  message: `${dotted(path)} is "${value}", which is ${what}; wanted: ${wanted}`,
});

const needs = (path: Problem['path'], what: string): Problem => ({ path, message: `${dotted(path)} needs ${what}` });

function isHttp(address: string): boolean {
  return URL.canParse(address) && /^https?:$/.test(new URL(address).protocol);
}
