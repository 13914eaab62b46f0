import type { Config } from '../model/config.ts';
import type { FleetlogError } from '../model/errors.ts';
import type { Problem } from './config-check.ts';
import { dotted } from './config-check.ts';
import { checkFleet } from './config-fleet-rules.ts';

/** What the schema cannot say: keys that need or exclude each other, and patterns that must compile. */
export async function checkRules(config: Config): Promise<Problem[]> {
  return [
    ...checkFleet(config),
    ...checkTls(config),
    ...checkClasses(config),
    ...(await checkPlaces(config)),
    ...(await checkPatterns(config)),
  ];
}

/**
 * What only matters when a listener is opened: nobody may read logs in clear or without a name from elsewhere by accident.
 */
export function checkListener(config: Config): Problem[] {
  const { host, tlsCert, trustProxy, insecure } = config.http;
  if (isLoopback(host)) return [];
  const problems: Problem[] = [];
  if (config.auth.mode === 'none') {
    problems.push({
      path: ['auth', 'mode'],
      message: `auth.mode is none while http.host is ${host}; none is for loopback only, wanted: local`,
    });
  }
  if (!tlsCert && !trustProxy && !insecure) {
    problems.push({
      path: ['http', 'host'],
      message:
        `http.host is ${host}, which others can reach in clear; set http.tlsCert and http.tlsKey, ` +
        'or http.trustProxy behind a TLS proxy, or http.insecure: true to allow it',
    });
  }
  return problems;
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function checkTls(config: Config): Problem[] {
  const { tlsCert, tlsKey } = config.http;
  if ((tlsCert === '') === (tlsKey === '')) return [];
  const [has, lacks] = tlsCert ? ['tlsCert', 'tlsKey'] : ['tlsKey', 'tlsCert'];
  return [{ path: ['http', has], message: `http.${has} is set and http.${lacks} is not; TLS needs both` }];
}

function checkClasses(config: Config): Problem[] {
  const problems: Problem[] = [];
  const seen = new Set(['default']);
  for (const [index, { name }] of config.retention.classes.entries()) {
    const path = ['retention', 'classes', index, 'name'];
    if (seen.has(name)) problems.push({ path, message: `${dotted(path)} is ${name}, which is taken already` });
    seen.add(name);
  }
  return problems;
}

/** Path templates and the Docker address, read as the collector reads them. */
async function checkPlaces(config: Config): Promise<Problem[]> {
  const { paths, dockerSocket } = config.collector;
  const problems: Problem[] = [];
  const attempt = (path: Problem['path'], read: () => unknown) => {
    try {
      read();
    } catch (error) {
      const { message, hint } = error as FleetlogError;
      problems.push({ path, message: `${dotted(path)}: ${message}${hint ? `; ${hint}` : ''}` });
    }
  };
  const { parseEngineAddress } = await import('../collector/docker/address.ts');
  attempt(['collector', 'dockerSocket'], () => parseEngineAddress(dockerSocket));
  if (paths.length === 0) return problems;
  const { parsePathTemplate } = await import('../collector/discover/path-template.ts');
  for (const [i, entry] of paths.entries()) attempt(['collector', 'paths', i], () => parsePathTemplate(entry));
  return problems;
}

async function checkPatterns(config: Config): Promise<Problem[]> {
  const { multiline, filters, redaction } = config.collector;
  const patterns: [(string | number)[], string | undefined][] = [
    ...multiline.map((item, i): [(string | number)[], string] => [['collector', 'multiline', i, 'start'], item.start]),
    ...filters.flatMap((item, i): [(string | number)[], string | undefined][] => [
      [['collector', 'filters', i, 'include'], item.include],
      [['collector', 'filters', i, 'exclude'], item.exclude],
    ]),
    ...redaction.map((item, i): [(string | number)[], string] => [
      ['collector', 'redaction', i, 'pattern'],
      item.pattern,
    ]),
  ];
  const used = patterns.filter(([, pattern]) => pattern);
  if (used.length === 0) return [];
  const { RE2JS } = await import('re2js');
  return used.flatMap(([path, pattern]) => {
    try {
      RE2JS.compile(String(pattern));
      return [];
    } catch (error) {
      return [{ path, message: `${dotted(path)} is no RE2 pattern: ${(error as Error).message}` }];
    }
  });
}
