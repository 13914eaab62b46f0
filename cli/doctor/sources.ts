import { access, constants, glob, readdir } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import type { Config } from '../../model/config.ts';
import { type Finding, fail, ok, warn, why } from './finding.ts';

const TIMEOUT_MS = 3_000;
/** A template that matches more is fine; looking on would only take time. */
const MOST_FILES = 10_000;

export async function checkDocker(config: Config): Promise<Finding> {
  const address = config.collector.dockerSocket;
  if (!address) return ok('docker', 'not used (collector.dockerSocket is empty)');
  try {
    const { Version, ApiVersion } = await dockerVersion(address);
    return ok('docker', `Docker ${Version}, API ${ApiVersion}, at ${address}`);
  } catch (error) {
    const reason = why(error);
    if (reason === 'EACCES' || reason === 'EPERM') {
      return fail(
        'docker',
        `${address} may not be opened by this user`,
        'Run as root, join the group docker, or put "fleetlog docker-proxy" before the socket.',
      );
    }
    const advice =
      reason === 'ENOENT'
        ? 'If this host has Docker, set collector.dockerSocket; if not, name log files in collector.paths, or try "fleetlog demo".'
        : 'Is the daemon running? Without it containers are still found by their files, but events and other log drivers are not read.';
    return warn('docker', `not reachable at ${address} (${reason})`, advice);
  }
}

/** GET /version over a unix socket or `tcp://`. */
function dockerVersion(address: string): Promise<{ Version: string; ApiVersion: string }> {
  const tcp = /^(?:tcp|http):\/\//.test(address) ? new URL(address.replace(/^tcp:/, 'http:')) : null;
  const target = tcp
    ? { host: tcp.hostname, port: tcp.port || 2375 }
    : { socketPath: address.replace(/^unix:\/\//, '') };
  return new Promise((resolve, reject) => {
    const asked = request({ ...target, path: '/version', timeout: TIMEOUT_MS }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => (body += chunk));
      response.on('end', () => {
        if (response.statusCode !== 200) return reject(new Error(`it answers ${response.statusCode}`));
        try {
          resolve(JSON.parse(body));
        } catch {
          reject(new Error('something else than Docker answers'));
        }
      });
    });
    asked.on('timeout', () => asked.destroy(new Error(`no answer in ${TIMEOUT_MS / 1000} s`)));
    asked.on('error', reject);
    asked.end();
  });
}

/** Docker's directory of json-file logs: there, open to us, and how many logs can be read. */
export async function checkContainersDir(config: Config): Promise<Finding> {
  const dir = config.collector.containersDir;
  if (!dir) return ok('container logs', 'not used (collector.containersDir is empty)');
  let ids: string[];
  try {
    ids = await readdir(dir);
  } catch (error) {
    if (why(error) === 'ENOENT')
      return warn(
        'container logs',
        `${dir} is not there`,
        "Normal without Docker. Elsewhere set collector.containersDir to `docker info`'s root + /containers.",
      );
    return warn(
      'container logs',
      `${dir} cannot be read (${why(error)})`,
      'Run as root or with CAP_DAC_READ_SEARCH; until then lines come through the Docker API, which promises less.',
    );
  }
  const logs = ids.map((id) => join(dir, id, `${id}-json.log`));
  const states = await Promise.all(
    logs.map((path) =>
      access(path, constants.R_OK).then(
        () => 'readable',
        (error) => why(error),
      ),
    ),
  );
  const readable = states.filter((state) => state === 'readable').length;
  const denied = states.filter((state) => state === 'EACCES' || state === 'EPERM').length;
  const found = `${readable} json-file logs of ${ids.length} containers below ${dir}`;
  return denied > 0
    ? warn('container logs', `${found}, ${denied} may not be opened`, 'Run as root or with CAP_DAC_READ_SEARCH.')
    : ok('container logs', found);
}

/** Each path template: how many files it finds now, and how many of them can be read. */
export async function checkTemplates(config: Config): Promise<Finding[]> {
  return Promise.all(
    config.collector.paths.map(async (item) => {
      const template = typeof item === 'string' ? item : item.template;
      const paths: string[] = [];
      for await (const path of glob(template.replace(/\{\w+\}/g, '*'))) if (paths.push(path) >= MOST_FILES) break;
      const states = await Promise.all(
        paths.map((path) =>
          access(path, constants.R_OK).then(
            () => true,
            () => false,
          ),
        ),
      );
      const denied = states.filter((readable) => !readable).length;
      const found = `${paths.length} files match ${template}`;
      if (paths.length === 0)
        return warn(
          'paths',
          found,
          'Files are picked up when they appear; check the template if they should be there now.',
        );
      return denied > 0
        ? warn('paths', `${found}, ${denied} may not be read`, 'Give this user the right to read them.')
        : ok('paths', found);
    }),
  );
}
