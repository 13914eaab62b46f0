import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { loadConfig } from '../../cli/config.ts';
import { validateManifests } from '../servers/kubernetes-validate.ts';
import { readRecipe } from '../servers/product-image.ts';
import { ROOT, readRepositoryFile, repositoryFiles } from '../source-files.ts';

const FOLDER = 'deploy/kubernetes';
/** The newest, and the oldest that clouds still support when this was written. */
const VERSIONS = ['1.37', '1.33'];

interface Container {
  name: string;
  image: string;
  args: string[];
  env?: { name: string; value?: string; valueFrom?: { fieldRef?: { fieldPath: string } } }[];
  envFrom: { configMapRef?: { name: string }; secretRef?: { name: string } }[];
  ports: { name: string; containerPort: number }[];
  securityContext: {
    runAsUser?: number;
    readOnlyRootFilesystem: boolean;
    allowPrivilegeEscalation: boolean;
    capabilities: { drop: string[]; add?: string[] };
  };
  volumeMounts: { name: string; mountPath: string; readOnly?: boolean }[];
  startupProbe: Probe;
  livenessProbe: Probe;
  readinessProbe: Probe;
  resources: { requests: Record<string, string>; limits: Record<string, string> };
}
interface Probe {
  httpGet: { path: string; port: string };
}
interface PodSpec {
  automountServiceAccountToken: boolean;
  hostNetwork?: boolean;
  hostPID?: boolean;
  serviceAccountName: string;
  terminationGracePeriodSeconds: number;
  securityContext: { runAsNonRoot?: boolean; runAsUser?: number; seccompProfile: { type: string } };
  containers: Container[];
  volumes: Record<string, unknown>[];
}
interface Manifest {
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  data?: Record<string, string>;
  spec?: {
    selector?: { matchLabels?: Record<string, string> } & Record<string, unknown>;
    template?: { metadata: { labels: Record<string, string> }; spec: PodSpec };
  };
}

const files = repositoryFiles('.yaml').filter((file) => file.startsWith(`${FOLDER}/`) && !/kustomization/.test(file));
const manifests = files.flatMap((file) =>
  parseAllDocuments(readRepositoryFile(file)).map((document) => document.toJS() as Manifest),
);
const workloads = manifests.filter((one) => one.spec?.template !== undefined);
const podOf = (one: Manifest): PodSpec => one.spec?.template?.spec as PodSpec;
const byName = (kind: string, name: string, namespace: string): Manifest | undefined =>
  manifests.find((one) => one.kind === kind && one.metadata.name === name && one.metadata.namespace === namespace);

describe('deploy/kubernetes', () => {
  test.for(VERSIONS)('fits the schemas of Kubernetes %s, with no field unknown to it', (version, context) => {
    const checked = validateManifests(
      files.map((file) => join(ROOT, file)),
      version,
    );
    if (!checked) return context.skip('no schemas');
    expect(checked.status, checked.output).toBe(0);
    expect(checked.output.match(/passed for resource/g)?.length).toBe(manifests.length);
  });

  test('is applied whole: the kustomization names each file', () => {
    const { resources, images } = parse(readRepositoryFile(`${FOLDER}/kustomization.yaml`)) as {
      resources: string[];
      images: { name: string; newTag: string }[];
    };
    expect([...resources].sort()).toEqual(files.map((file) => file.slice(FOLDER.length + 1)).sort());
    const { version } = JSON.parse(readRepositoryFile('package.json')) as { version: string };
    expect(images[0]).toMatchObject({ name: 'fleetlog', newTag: version });
    for (const one of workloads) expect(podOf(one).containers[0].image).toBe(`fleetlog:${version}`);
  });

  test('runs the three roles', () => {
    expect(workloads.map((one) => [one.kind, podOf(one).containers[0].args])).toEqual([
      ['Deployment', ['api']],
      ['DaemonSet', ['collector']],
      ['Deployment', ['ingest']],
    ]);
  });

  test.each(workloads.map((one) => [one.metadata.name, one] as const))(
    '%s has what the strictest pod security asks, the collector but for what it is there for',
    (_, workload) => {
      const pod = podOf(workload);
      const collects = workload.kind === 'DaemonSet';
      expect(pod.automountServiceAccountToken).toBe(false);
      expect(pod.hostNetwork ?? pod.hostPID).toBeUndefined();
      expect(pod.securityContext.seccompProfile).toEqual({ type: 'RuntimeDefault' });
      expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(15);
      for (const { securityContext, resources, ...container } of pod.containers) {
        expect(securityContext).toMatchObject({ readOnlyRootFilesystem: true, allowPrivilegeEscalation: false });
        expect(securityContext.capabilities.drop).toEqual(['ALL']);
        expect(securityContext.capabilities.add).toEqual(collects ? ['DAC_READ_SEARCH'] : undefined);
        expect(resources.requests.memory && resources.limits.memory).toBeTruthy();
        expect(container.startupProbe.httpGet.path).toBe('/healthz');
        expect(container.livenessProbe.httpGet.path).toBe('/healthz');
        expect(container.readinessProbe.httpGet.path).toBe('/readyz');
        const writable = container.volumeMounts.filter((mount) => !mount.readOnly).map((mount) => mount.mountPath);
        expect(writable).toEqual(collects ? ['/collector', '/tmp'] : ['/data', '/tmp']);
      }
      const hostPaths = pod.volumes.filter((volume) => 'hostPath' in volume);
      expect(hostPaths.length > 0).toBe(collects);
      if (!collects) expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000 });
      const namespace = manifests.find(
        (one) => one.kind === 'Namespace' && one.metadata.name === workload.metadata.namespace,
      );
      const level = namespace?.metadata.labels?.['pod-security.kubernetes.io/enforce'];
      expect(level).toBe(collects ? 'privileged' : 'restricted');
    },
  );

  test('selectors select what they are meant to', () => {
    for (const one of workloads) {
      const labels = one.spec?.template?.metadata.labels ?? {};
      expect(labels).toMatchObject(one.spec?.selector?.matchLabels ?? { none: '' });
      expect(byName('ServiceAccount', podOf(one).serviceAccountName, one.metadata.namespace ?? '')).toBeDefined();
    }
    const service = byName('Service', 'fleetlog-api', 'fleetlog');
    const api = workloads.find((one) => one.metadata.name === 'fleetlog-api');
    expect(api?.spec?.template?.metadata.labels).toMatchObject(service?.spec?.selector ?? { none: '' });
  });

  test.each(workloads.map((one) => [one.metadata.name, one] as const))(
    '%s gets a configuration that it accepts',
    async (_, one) => {
      const { args, env = [], envFrom } = podOf(one).containers[0];
      const map = byName('ConfigMap', envFrom[0].configMapRef?.name ?? '', one.metadata.namespace ?? '');
      expect(map?.data).toBeDefined();
      const role = args[0] as 'api' | 'collector' | 'ingest';
      const image = Object.fromEntries(readRecipe().env.map((pair) => pair.split('=') as [string, string]));
      const { config } = await loadConfig({
        role,
        cwd: '/',
        env: {
          ...image,
          ...map?.data,
          // The Secret of docs/fleet.md.
          FLEETLOG_ELASTICSEARCH_PASSWORD: 'x',
          FLEETLOG_HTTP_METRICS_TOKEN: 'y'.repeat(48),
          ...Object.fromEntries(
            env.map(({ name, value, valueFrom }) => [name, value ?? `from ${valueFrom?.fieldRef?.fieldPath}`]),
          ),
        },
      });
      expect(config.kafka.brokers.length).toBe(1);
      expect(config.http.port).toBe(8080);
      if (role === 'collector') {
        expect(config.collector).toMatchObject({ host: 'from spec.nodeName', dockerSocket: '', containersDir: '' });
        expect(podOf(one).containers[0].volumeMounts.map((mount) => mount.mountPath)).toContain(
          config.collector.podLogsDir,
        );
        const mounts = podOf(one).containers[0].volumeMounts.map((mount) => mount.mountPath);
        expect(mounts).toEqual(
          expect.arrayContaining([config.collector.procDir, config.collector.cgroupDir, '/var/log/containers']),
        );
        expect(config.collector).toMatchObject({ procDir: '/host/proc', cgroupDir: '/host/cgroup' });
        expect(config.dataDir).toBe('/collector');
      }
    },
  );
});
