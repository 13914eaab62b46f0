import type { ContainerFacts } from './identity.ts';
import { cleanName } from './names.ts';

/** The label, else the orchestrator's slot; empty when neither answers and the container's name has to do. */
export function instanceOf(facts: ContainerFacts): string {
  const { labels, env } = facts;
  const answers = [
    labels['fleetlog.instance'],
    labels['io.kubernetes.pod.name'],
    labels['com.docker.compose.container-number'],
    swarmSlot(labels),
    rancherNumber(labels),
    env.MESOS_TASK_ID,
    env.NOMAD_ALLOC_INDEX,
    (env.NOMAD_ALLOC_ID || labels['com.hashicorp.nomad.alloc_id'])?.slice(0, 8),
  ];
  for (const answer of answers) {
    const name = cleanName(answer ?? '');
    if (name) return name;
  }
  return '';
}

/** A task is called `service.SLOT.taskid`, or `service.NODEID.taskid` in a global service, whose slot is the node. */
function swarmSlot(labels: Record<string, string>): string | undefined {
  const service = labels['com.docker.swarm.service.name'];
  const task = labels['com.docker.swarm.task.name'];
  if (!service || !task?.startsWith(`${service}.`)) return undefined;
  return task.slice(service.length + 1).split('.')[0];
}

/** Rancher 1.x numbers its containers at the end of `io.rancher.container.name`: `stack-service-3`. */
function rancherNumber(labels: Record<string, string>): string | undefined {
  if (!labels['io.rancher.stack_service.name'] && !labels['io.rancher.stack.name']) return undefined;
  return /-(\d+)$/.exec(labels['io.rancher.container.name'] ?? '')?.[1];
}
