import type { CollectorConfig } from '../../model/config.ts';
import { instanceOf } from './instance.ts';
import { cleanName } from './names.ts';
import { versionOf } from './version.ts';

/** What the identity rules look at; the same whether the Docker API or `config.v2.json` told it. */
export interface ContainerFacts {
  /** Without the leading slash. */
  name: string;
  /** Image reference as the container was created with: `registry/shop:1.2`. */
  image: string;
  labels: Record<string, string>;
  /** Only the variables of `identityEnvNames`; see `keepNamedEnv`. */
  env: Record<string, string>;
}

export interface Identity {
  app: string;
  env: string;
  /** Which rule answered: `label fleetlog.app`, `env APP_NAME`, `compose service`, `container name`… */
  named: { app: string; env: string };
  instance: string;
  version: string;
}

export type IdentityConfig = Pick<CollectorConfig, 'appEnvNames' | 'envEnvNames'>;

interface Rule {
  rule: string;
  app?: (facts: ContainerFacts) => string | undefined;
  env?: (facts: ContainerFacts) => string | undefined;
}

const label = (name: string) => (facts: ContainerFacts) => facts.labels[name];

/** Orchestrators' own names, in the order of design.md, "Identity and order". */
const ORCHESTRATORS: Rule[] = [
  { rule: 'kubernetes container', app: label('io.kubernetes.container.name') },
  { rule: 'kubernetes namespace', env: label('io.kubernetes.pod.namespace') },
  { rule: 'compose service', app: label('com.docker.compose.service') },
  { rule: 'compose project', env: label('com.docker.compose.project') },
  { rule: 'swarm service', app: swarmService },
  { rule: 'swarm stack', env: label('com.docker.stack.namespace') },
  { rule: 'rancher service', app: rancherService },
  { rule: 'rancher stack', env: rancherStack },
  { rule: 'env MARATHON_APP_ID', app: (facts) => marathon(facts)?.app, env: (facts) => marathon(facts)?.group },
  { rule: 'env MESOS_TASK_ID', app: mesosTask },
  {
    rule: 'nomad job',
    app: (facts) => facts.env.NOMAD_JOB_NAME || facts.labels['com.hashicorp.nomad.job_name'],
  },
  {
    rule: 'nomad namespace',
    env: (facts) => facts.env.NOMAD_NAMESPACE || facts.labels['com.hashicorp.nomad.namespace'],
  },
];

const ORCHESTRATOR_ENV = [
  'MARATHON_APP_ID',
  'MESOS_TASK_ID',
  'NOMAD_JOB_NAME',
  'NOMAD_NAMESPACE',
  'NOMAD_ALLOC_INDEX',
  'NOMAD_ALLOC_ID',
];

/** Names of all environment variables that identity may depend on; values of others never leave the place they are read at. */
export function identityEnvNames(config: IdentityConfig): string[] {
  return [...new Set([...config.appEnvNames, ...config.envEnvNames, ...ORCHESTRATOR_ENV])];
}

/** From `NAME=value` entries those with a name in `names`. */
export function keepNamedEnv(entries: readonly string[] | null | undefined, names: readonly string[]) {
  const kept: Record<string, string> = Object.create(null);
  for (const entry of entries ?? []) {
    const at = entry.indexOf('=');
    const name = at < 0 ? entry : entry.slice(0, at);
    if (names.includes(name)) kept[name] = at < 0 ? '' : entry.slice(at + 1);
  }
  return kept;
}

/**
 * App and env of a container, each by the first rule that answers it, and which rule that was; instance and version beside.
 * Pure: the same facts give the same identity. Empty answers count as none.
 */
export function identify(facts: ContainerFacts, config: IdentityConfig): Identity {
  const app = first(rulesFor(config), 'app', facts);
  const env = first(rulesFor(config), 'env', facts);
  const name = cleanName(facts.name) || 'unnamed';
  return {
    app: app?.value ?? name,
    env: env?.value ?? 'default',
    named: { app: app?.rule ?? 'container name', env: env?.rule ?? 'default' },
    instance: instanceOf(facts) || name,
    version: versionOf(facts),
  };
}

function rulesFor(config: IdentityConfig): Rule[] {
  return [
    { rule: 'label fleetlog.app', app: label('fleetlog.app') },
    { rule: 'label fleetlog.env', env: label('fleetlog.env') },
    ...config.appEnvNames.map((name) => ({ rule: `env ${name}`, app: (facts: ContainerFacts) => facts.env[name] })),
    ...config.envEnvNames.map((name) => ({ rule: `env ${name}`, env: (facts: ContainerFacts) => facts.env[name] })),
    ...ORCHESTRATORS,
  ];
}

function first(rules: Rule[], what: 'app' | 'env', facts: ContainerFacts): { value: string; rule: string } | null {
  for (const rule of rules) {
    const value = cleanName(rule[what]?.(facts) ?? '');
    if (value) return { value, rule: rule.rule };
  }
  return null;
}

/** `docker stack deploy` calls a service `stack_service`; the stack is the env, so it is not said twice. */
function swarmService(facts: ContainerFacts): string | undefined {
  const name = facts.labels['com.docker.swarm.service.name'];
  const stack = facts.labels['com.docker.stack.namespace'];
  return name && stack && name.startsWith(`${stack}_`) ? name.slice(stack.length + 1) : name;
}

/** Rancher 1.x: `io.rancher.stack_service.name` is `stack/service` (with sidekicks `stack/service/sidekick`). */
function rancherService(facts: ContainerFacts): string | undefined {
  const parts = (facts.labels['io.rancher.stack_service.name'] ?? '').split('/');
  return parts.length > 1 ? parts.slice(1).join('/') : facts.labels['io.rancher.service.name'];
}

function rancherStack(facts: ContainerFacts): string | undefined {
  return facts.labels['io.rancher.stack.name'] || (facts.labels['io.rancher.stack_service.name'] ?? '').split('/')[0];
}

/** `/prod/shop/web`: the last part is the app, the groups before it are the env; `/web` has no group. */
function marathon(facts: ContainerFacts): { app: string; group: string | undefined } | null {
  const parts = (facts.env.MARATHON_APP_ID ?? '').split('/').filter(Boolean);
  const app = parts.pop();
  return app === undefined ? null : { app, group: parts.join('/') || undefined };
}

/** Marathon-shaped task ids are `group_app.UUID` (or `…instance-UUID._app.1`); other frameworks' ids are kept whole. */
function mesosTask(facts: ContainerFacts): string | undefined {
  return (facts.env.MESOS_TASK_ID ?? '').split(/\.(?:instance-|marathon-)?[0-9a-f]{8}-[0-9a-f]{4}-/i)[0];
}
