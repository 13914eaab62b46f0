import { createServer } from 'node:net';
import type { Me } from '../../api/contract.ts';
import type { Config } from '../../model/config.ts';
import type { Client } from '../client.ts';
import { ServerError } from '../client-errors.ts';
import { type Finding, fail, ok, warn, why } from './finding.ts';

const TIMEOUT_MS = 3_000;
/** The Date header has whole seconds; less than this cannot be told from rounding and the way there. */
const SKEW_MS = 2_500;

/** Whether a Fleetlog answers, whether we may ask it, and how far its clock is from ours. */
export async function checkServer(client: Client): Promise<{ findings: Finding[]; runs: boolean }> {
  let response: Response;
  const sent = Date.now();
  try {
    response = await fetch(`${client.url}/healthz`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch {
    const found = `nothing answers at ${client.url}`;
    return {
      findings: [warn('server', found, 'Start it with "fleetlog start", or name it with --url or FLEETLOG_URL.')],
      runs: false,
    };
  }
  const findings: Finding[] = [];
  const ready = await fetch(`${client.url}/readyz`, { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(() => null);
  if (!response.ok)
    findings.push(
      fail(
        'server',
        `${client.url} answers ${response.status}`,
        'Something else may be listening there; see http.port.',
      ),
    );
  else if (!ready?.ok)
    findings.push(
      warn(
        'server',
        `${client.url} runs but is not ready (${ready?.status ?? 'no answer'})`,
        'See its own log; a replay after a crash takes a while.',
      ),
    );
  else findings.push(ok('server', `${client.url} is ready`));
  findings.push(await checkSignIn(client), ...checkClock(response, sent, 'server'));
  return { findings, runs: response.ok };
}

async function checkSignIn(client: Client): Promise<Finding> {
  try {
    const me = await client.get<Me>('me');
    return ok('sign-in', `${me.kind} ${me.name}, role ${me.role}`);
  } catch (error) {
    const hint = error instanceof ServerError ? error.hint : undefined;
    return warn('sign-in', (error as Error).message, hint ?? 'Set FLEETLOG_TOKEN.');
  }
}

function checkClock(response: Response, sent: number, whose: string): Finding[] {
  const theirs = Date.parse(response.headers.get('date') ?? '');
  if (Number.isNaN(theirs)) return [];
  const skew = theirs + 500 - (sent + Date.now()) / 2;
  const found = `${whose}'s clock differs by ${Math.abs(skew) < 1_000 ? 'less than 1 s' : `${(skew / 1000).toFixed(0)} s`}`;
  return [
    Math.abs(skew) > SKEW_MS
      ? warn('clock', found, 'Let NTP or chrony set both: times of lines come from the hosts that wrote them.')
      : ok('clock', found),
  ];
}

/** The central process this host's collector sends to. */
export async function checkCentral(config: Config): Promise<Finding[]> {
  const { to, token } = config.collector;
  if (!to) return [];
  const findings: Finding[] = [];
  try {
    const sent = Date.now();
    const response = await fetch(new URL('/healthz', to), { signal: AbortSignal.timeout(TIMEOUT_MS) });
    findings.push(
      response.ok
        ? ok('central', `${to} answers`)
        : fail('central', `${to} answers ${response.status}`, 'Check collector.to.'),
    );
    findings.push(...checkClock(response, sent, 'central server'));
  } catch (error) {
    const reason = error instanceof Error && error.cause ? why(error.cause) : why(error);
    findings.push(
      fail(
        'central',
        `${to} cannot be reached (${reason})`,
        'Check collector.to, DNS and firewalls. Lines wait in their files meanwhile.',
      ),
    );
  }
  if (!token)
    findings.push(
      fail(
        'central',
        'collector.token is empty',
        'Make one there: fleetlog token create NAME --role collector --host HOST.',
      ),
    );
  return findings;
}

/** Whether the listener's port is free, or taken by the very server that runs. */
export function checkPort(config: Config, serverRuns: boolean): Promise<Finding> {
  const { host, port } = config.http;
  if (port === 0) return Promise.resolve(ok('port', 'any free one'));
  const where = `${host}:${port}`;
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') {
        resolve(
          serverRuns
            ? ok('port', `${where}, used by the running server`)
            : fail('port', `${where} is taken by another program`, 'Stop that, or set http.port (--port N).'),
        );
      } else if (error.code === 'EACCES')
        resolve(
          fail(
            'port',
            `${where} may not be opened by this user`,
            'Take a port above 1023, or give CAP_NET_BIND_SERVICE.',
          ),
        );
      else resolve(fail('port', `${where}: ${why(error)}`, 'Set http.host to an address of this machine.'));
    });
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(ok('port', `${where} is free`))));
  });
}
