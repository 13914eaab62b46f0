import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { promtool } from '../servers/prometheus.ts';
import { readRepositoryFile, repositoryFiles } from '../source-files.ts';

interface Dashboard {
  uid: string;
  title: string;
  templating: { list: { name: string; query: string | { query: string } }[] };
  panels: {
    id: number;
    title: string;
    gridPos: { x: number; y: number; w: number; h: number };
    targets: { expr: string }[];
  }[];
}

const files = repositoryFiles('.json').filter((file) => file.startsWith('deploy/grafana/dashboards/'));
const dashboards = files.map((file) => JSON.parse(readRepositoryFile(file)) as Dashboard);
const described = new Set(
  [...readRepositoryFile('docs/telemetry.md').matchAll(/^\| `(\w+)` \|/gm)].map((match) => match[1]),
);

describe('deploy/grafana', () => {
  test('dashboards are of their own, with panels side by side', () => {
    expect(files.length).toBeGreaterThan(1);
    expect(new Set(dashboards.map((one) => one.uid)).size).toBe(files.length);
    for (const { panels, title } of dashboards) {
      expect(new Set(panels.map((one) => one.id)).size, title).toBe(panels.length);
      const places = panels.map(({ gridPos: { x, y } }) => `${x} ${y}`);
      expect(new Set(places).size, title).toBe(panels.length);
      for (const { gridPos } of panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
    }
  });

  test('they ask for series that are described, and use the variables they have', () => {
    for (const { templating, panels } of dashboards) {
      const variables = new Set(templating.list.map((one) => one.name));
      const asked = [
        ...panels.flatMap((panel) => panel.targets.map((target) => target.expr)),
        ...templating.list.map(({ query }) => (typeof query === 'string' ? '' : query.query)),
      ];
      for (const expr of asked) {
        for (const [name] of expr.matchAll(/\bfleetlog_\w+/g))
          expect(described.has(name), `${name} in ${expr}`).toBe(true);
        for (const [, name] of expr.matchAll(/\$(\w+)/g))
          if (!name.startsWith('__')) expect(variables.has(name), `$${name} in ${expr}`).toBe(true);
      }
    }
  });

  test('promtool reads every question', (context) => {
    const dir = mkdtempSync(join(tmpdir(), 'fleetlog-grafana-'));
    const rules = dashboards.flatMap(({ panels }) =>
      panels.flatMap(({ targets }) =>
        targets.map(({ expr }) => expr.replaceAll('$__rate_interval', '1m').replace(/\$\w+/g, '.*')),
      ),
    );
    const file = join(dir, 'rules.yml');
    const named = rules.map((expr, i) => ({ record: `question:${i}`, expr }));
    writeFileSync(file, stringify({ groups: [{ name: 'dashboards', rules: named }] }));
    const checked = promtool(['check', 'rules', file]);
    rmSync(dir, { recursive: true });
    if (!checked) return context.skip('no promtool');
    expect(checked.output).toContain(`${rules.length} rules found`);
    expect(checked.status, checked.output).toBe(0);
  });

  test('is provisioned where the compose file has Prometheus, at its interval', () => {
    const { datasources } = parse(readRepositoryFile('deploy/grafana/provisioning/datasources.yml')) as {
      datasources: { url: string; jsonData: { timeInterval: string } }[];
    };
    expect(datasources[0]).toMatchObject({ url: 'http://prometheus:9090', jsonData: { timeInterval: '15s' } });
  });
});
