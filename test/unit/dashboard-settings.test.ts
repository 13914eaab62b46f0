import { describe, expect, test } from 'vitest';
import { auditCommand, filterOf, paramsOf, questionOf } from '../../dashboard/settings/audit-filter.ts';
import { namingOf } from '../../dashboard/settings/naming.ts';
import { redactionRows } from '../../dashboard/settings/redaction-rows.ts';
import { appsWithin, scopeText } from '../../dashboard/settings/scope-words.ts';
import { maySee, SECTIONS, sectionOf } from '../../dashboard/settings/sections.ts';
import { settings as en } from '../../dashboard/words/en-settings.ts';
import { settings as zh } from '../../dashboard/words/zh-settings.ts';
import { source } from '../suites/batches.ts';

describe('a scope in words', () => {
  const cases: [string, string, string, string][] = [
    ['*', '*', 'everything', '全部'],
    ['**', '*', 'everything', '全部'],
    ['*', 'prod', 'every app in env prod', '环境 prod 中的所有应用'],
    ['shop', '*', 'app shop', '应用 shop'],
    ['shop-*', 'prod', 'apps that begin with shop- in env prod', '环境 prod 中的以 shop- 开头的应用'],
    ['*-api', 'p*', 'apps that end with -api in envs that begin with p', '以 p 开头的环境中的以 -api 结尾的应用'],
    ['*pay*', '*', 'apps with pay in their name', '名称含 pay 的应用'],
    ['a*b*c', '*', 'apps like a*b*c', '形如 a*b*c 的应用'],
  ];
  test.each(cases)('%s / %s', (app, env, english, chinese) => {
    expect([scopeText([{ app, env }], en), scopeText([{ app, env }], zh)]).toEqual([english, chinese]);
  });

  test('several, and none', () => {
    const scopes = [
      { app: 'a', env: '*' },
      { app: 'b', env: 'x' },
    ];
    expect(scopeText(scopes, en)).toBe('app a; app b in env x');
    expect(scopeText([...scopes, { app: '*', env: '*' }], en)).toBe('everything');
    expect(scopeText([], en)).toBe('nothing');
  });

  test('names the apps it lets through now, each once', () => {
    const there = ['shop-b/prod', 'shop-a/prod', 'shop-a/prod', 'shop-c/test', 'risk/prod'].map((one) => {
      const [app, env] = one.split('/');
      return { app, env };
    });
    expect(appsWithin([{ app: 'shop-*', env: 'prod' }], there)).toEqual(['shop-a', 'shop-b']);
  });
});

test('a reader is offered what the server answers them', () => {
  const seen = (role: 'admin' | 'reader', kind: 'user' | 'token') =>
    SECTIONS.filter((one) => maySee({ role, kind }, one));
  expect(seen('admin', 'user')).toEqual([...SECTIONS]);
  expect(seen('reader', 'user')).toEqual(['you', 'tokens', 'sources']);
  expect(seen('reader', 'token')).toEqual(['you', 'sources']);
  expect([sectionOf(undefined), sectionOf('audit'), sectionOf('x')]).toEqual(['you', 'audit', null]);
});

describe('how a source is renamed', () => {
  test('by labels of its service, with values that stay text', () => {
    const one = source({ app: '1.0', env: 'on', containerName: 'box: #1' });
    expect(namingOf(one)).toEqual({
      place: 'compose',
      text: 'services:\n  "box: #1":\n    labels:\n      fleetlog.app: "1.0"\n      fleetlog.env: "on"',
    });
    const named = { app: 'compose service', env: 'compose project' };
    expect(namingOf(source({ app: 'web', named })).text).toContain('services:\n  web:\n');
  });

  test('by a template for a file, by the manifest for a pod, by the address for what is pushed', () => {
    const file = namingOf(source({ reader: 'file', path: '/data/logs/a.1/x.log', app: 'shop', env: 'prod' }));
    expect(file.text).toContain('- template: "/data/logs/a.1/*.log"\n      app: shop\n      env: prod');
    expect(namingOf(source({ reader: 'file', path: '/data/v1.2/out' })).text).toContain('"/data/v1.2/*"');
    expect(namingOf(source({ reader: 'cri' })).place).toBe('pod');
    expect(namingOf(source({ reader: 'push', app: 'a&b' })).text).toBe('/api/v1/push/…?app=a%26b&env=prod');
  });
});

test('redactions by rule over all hosts; a rule nobody has on is off, one that some have is told', () => {
  const on = (rule: string, host: string | null, places: number, lines: number) => {
    return { rule, host, since: null, places, lines };
  };
  const { rules, hosts } = redactionRows([on('jwt', 'a', 3, 2), on('jwt', 'b', 1, 1), on('phone', 'a', 5, 5)]);
  expect(rules.find(({ rule }) => rule === 'jwt')).toEqual({ rule: 'jwt', lines: 3, places: 4, on: 2, of: 2 });
  expect(rules.find(({ rule }) => rule === 'phone')).toMatchObject({ on: 1, of: 2 });
  expect(rules.find(({ rule }) => rule === 'card')).toMatchObject({ on: 0 });
  expect(hosts.map(({ host, places }) => [host, places])).toEqual([
    ['a', 8],
    ['b', 1],
  ]);
});

test('the audit filter stands in the address, in the question and in a command', () => {
  const filter = filterOf(new URLSearchParams('who=user:ann,+token:*&what=logs.*&outcome=refused&span=week'));
  expect(filterOf(paramsOf(filter))).toEqual(filter);
  expect(questionOf(filter)).toEqual({
    actor: ['user:ann', 'token:*'],
    action: ['logs.*'],
    limit: 100,
    outcome: 'refused',
    from: 'now-7d',
  });
  expect(auditCommand(filter)).toBe(
    "fleetlog audit --since 7d --actor user:ann --actor 'token:*' --action 'logs.*' -n 1000000 -o json > audit.ndjson",
  );
  expect(auditCommand({ ...filter, who: "o'brien", what: '' })).toContain(`--actor 'o'\\''brien'`);
  const all = filterOf(new URLSearchParams('outcome=x&span=y'));
  expect([paramsOf(all).toString(), questionOf(all)]).toEqual(['', { actor: [], action: [], limit: 100 }]);
});
