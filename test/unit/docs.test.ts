import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseCommand } from '../../cli/command.ts';
import { findEntry } from '../../cli/command-table.ts';
import { loadConfig } from '../../cli/config.ts';
import { configPage } from '../../docs/generate.ts';
import { parseQuery } from '../../model/query/parse.ts';
import { ROOT, readRepositoryFile, repositoryFiles } from '../source-files.ts';

const pages = repositoryFiles('.md').filter((file) => !file.startsWith('test/'));
const readme = readRepositoryFile('README.md');
const { scripts, version } = JSON.parse(readRepositoryFile('package.json')) as {
  scripts: Record<string, string>;
  version: string;
};
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fleetlog-docs-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Fenced blocks of a language, with the page they stand in. */
function blocks(language: string): { page: string; text: string }[] {
  return pages.flatMap((page) =>
    [...readRepositoryFile(page).matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map((match) => ({
      page,
      text: match[1],
    })),
  );
}

/** Shell words; quotes keep blanks together. */
function words(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|[^\s'"]+/g)].map((match) => match[1] ?? match[2] ?? match[0]);
}

describe('commands in the docs', () => {
  const lines = blocks('sh').flatMap(({ page, text }) =>
    text
      .split('\n')
      .map((line) => line.replace(/\s+#.*$/, '').trim())
      .filter((line) => line !== '' && !line.startsWith('#'))
      .flatMap((line) => line.split(/ && | \| /).map((command) => [command, page] as const)),
  );

  const npm = lines.filter(([line]) => line.startsWith('npm '));
  test.each(npm)('%s (%s) is a script', (line) => {
    const [, first, second] = words(line);
    if (first === 'ci') return;
    const name = first === 'run' ? second : first;
    expect(Object.keys(scripts)).toContain(name);
  });

  const ours = lines.filter(([line]) => /(^|\s)(npx )?fleetlog\s/.test(line));
  test.each(ours)('%s (%s) is a command with these options', (line) => {
    const args = words(line.replace(/^.*?\bfleetlog\s+/, ''));
    if (args[0] === '--help' || args[0] === '--version') return;
    const found = findEntry(args);
    expect(found.command, line).not.toBeNull();
    if (found.command) parseCommand(found.command, found.rest);
  });

  test('the README begins with the two commands, and names the tests', () => {
    const [first] = blocks('sh').filter(({ page }) => page === 'README.md');
    expect(first.text).toBe('npm ci\nnpm start\n');
    expect(ours.length).toBeGreaterThan(10);
    expect(npm.length).toBeGreaterThan(4);
  });
});

describe('the README', () => {
  test('shows queries that can be read, each as what it looks like', () => {
    const queries = [...readme.matchAll(/^\| `([^`]+)` \| /gm)]
      .map((match) => match[1])
      .filter((text) => text !== 'query');
    expect(queries.length).toBeGreaterThan(8);
    for (const query of queries) expect(() => parseQuery(query), query).not.toThrow();
  });

  test('shows configuration that is accepted', async () => {
    const shown = blocks('yaml').filter(({ page }) => page === 'README.md');
    expect(shown.length).toBeGreaterThan(1);
    for (const { text } of shown) {
      writeFileSync(join(folder, 'shown.yml'), text);
      await expect(loadConfig({ file: 'shown.yml', cwd: folder, env: {}, role: 'all' })).resolves.toBeDefined();
    }
  });

  test('is a sentence, a picture, two commands on its first screen', () => {
    const screen = readme.split('\n').slice(0, 20).join('\n');
    expect(screen).toContain('](docs/logs.png)');
    expect(screen).toContain('npm start');
  });
});

describe('pages', () => {
  test('link to what exists', () => {
    const missing = pages.flatMap((page) =>
      [...readRepositoryFile(page).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
        .map((match) => match[1])
        .filter((link) => !/^[a-z]+:/.test(link) && !existsSync(join(ROOT, dirname(page), link)))
        .map((link) => `${page} → ${link}`),
    );
    expect(missing).toEqual([]);
  });

  test('docs/config.md is what the schema gives: npm run docs', () => {
    expect(readRepositoryFile('docs/config.md')).toBe(configPage());
  });

  test('docs/telemetry.md describes series that the code has', () => {
    const described = [...readRepositoryFile('docs/telemetry.md').matchAll(/^\| `(\w+)` \|/gm)].map(
      (match) => match[1],
    );
    const code = (folder: string) =>
      repositoryFiles('.ts')
        .filter((file) => file.startsWith(`${folder}/`))
        .map(readRepositoryFile)
        .join('\n');
    const all = `${code('api')}${code('store')}${code('model')}`;
    const unknown = described.filter((name) => {
      const [, stage, noun] = /^fleetlog_(collector|ingest)_(\w+)$/.exec(name) ?? [];
      if (stage === undefined) return !all.includes(name);
      const bare = noun.replace(/^(events|stats)_/, '').replace(/_total$/, '');
      const camel = bare.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
      // These two are made where the stages are wired.
      const wired = bare === 'up' || name === 'fleetlog_ingest_dead_letter_bytes';
      return !wired && !new RegExp(`['"\`\\s](${bare}|${camel})\\b`).test(code(stage));
    });
    expect(unknown).toEqual([]);
    expect(described.length).toBeGreaterThan(60);
  });

  test('CONTRIBUTING.md names every folder and file at the top, and nothing else', () => {
    const tree = /## The tree\n\n```\n(.*?)```/s.exec(readRepositoryFile('CONTRIBUTING.md'))?.[1] ?? '';
    const named = tree
      .trim()
      .split('\n')
      .map((line) => line.split(/\s+/)[0]);
    const there = repositoryFiles().map((file) => (file.includes('/') ? `${file.split('/')[0]}/` : file));
    expect([...named].sort()).toEqual([...new Set(there)].sort());
  });

  test('the changelog has this version, and lines of one shape', () => {
    const [title, ...lines] = readRepositoryFile('CHANGELOG.md').split('\n');
    expect(title).toBe('# Changelog');
    const versions = lines.filter((line) => line.startsWith('## ')).map((line) => line.slice(3));
    expect(versions[0]).toBe(version);
    const items = lines.filter((line) => line.startsWith('- '));
    const stages = 'model|collector|transport|ingest|store|alert|api|dashboard|cli|repo';
    const shape = new RegExp(`^- \\[(CHANGE|FEATURE|PERF|FIX|SECURITY)\\] (${stages}): \\S.*\\.$`);
    expect(items.filter((line) => !shape.test(line))).toEqual([]);
    expect(items.length).toBeGreaterThan(0);
  });

  const decisions = pages.filter((page) => page.startsWith('docs/decisions/'));
  test.each(decisions)('%s has its sections on one page', (page) => {
    const text = readRepositoryFile(page);
    const number = /^docs\/decisions\/(\d{3})-[a-z0-9-]+\.md$/.exec(page)?.[1];
    expect(text.split('\n')[0]).toMatch(new RegExp(`^# ${number}: \\S`));
    const sections = [...text.matchAll(/^## (.+)$/gm)].map((match) => match[1]);
    const required = sections.map((section) => section.split(',')[0]).filter((section) => section !== 'Rejected');
    expect(required).toEqual(['Context', 'Decision', 'Consequences']);
    expect(text.split('\n').length).toBeLessThanOrEqual(80);
  });

  test('decisions have numbers of their own', () => {
    const numbers = decisions.map((page) => page.slice('docs/decisions/'.length, 'docs/decisions/'.length + 3));
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers).toContain('001');
  });
});
