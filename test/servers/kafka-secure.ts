import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findCommand, installPackages } from './apt.ts';

/** Of the test broker's secure listener. */
export const SASL = { username: 'fleetlog', password: 'not-a-secret' };

export interface TlsFiles {
  caFile: string;
  /** A client's certificate and key, signed by the same authority. */
  certFile: string;
  keyFile: string;
  /** An authority that signed nothing. */
  otherCaFile: string;
  /** Key and certificate in one file, as Kafka reads PEM key stores. */
  serverStore: string;
}

/** An authority, a server certificate for 127.0.0.1 and a client certificate, all good for ten days. */
export function makeTlsFiles(dir: string): TlsFiles {
  if (!findCommand('openssl')) installPackages(['openssl']);
  const file = (name: string): string => join(dir, name);
  const openssl = (...args: string[]): void => {
    const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`openssl ${args[0]}: ${stderr}`);
  };
  const request = ['req', '-newkey', 'rsa:2048', '-nodes'];
  for (const name of ['ca', 'other-ca'])
    openssl(
      ...request,
      '-x509',
      '-days',
      '10',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      file(`${name}.key`),
      '-out',
      file(`${name}.pem`),
    );
  for (const name of ['server', 'client']) {
    writeFileSync(file(`${name}.ext`), 'subjectAltName=IP:127.0.0.1\n');
    openssl(...request, '-subj', `/CN=${name}`, '-keyout', file(`${name}.key`), '-out', file(`${name}.csr`));
    const signed = [
      '-CA',
      file('ca.pem'),
      '-CAkey',
      file('ca.key'),
      '-CAcreateserial',
      '-extfile',
      file(`${name}.ext`),
    ];
    openssl('x509', '-req', '-days', '10', '-in', file(`${name}.csr`), ...signed, '-out', file(`${name}.pem`));
  }
  const serverStore = file('server-store.pem');
  writeFileSync(serverStore, readFileSync(file('server.key'), 'utf8') + readFileSync(file('server.pem'), 'utf8'), {
    mode: 0o600,
  });
  return {
    caFile: file('ca.pem'),
    certFile: file('client.pem'),
    keyFile: file('client.key'),
    otherCaFile: file('other-ca.pem'),
    serverStore,
  };
}

/** Settings of a broker with a plain listener and one with TLS and SASL. */
export function saslSettings(
  tls: TlsFiles,
  clientAuth: 'requested' | 'required',
  [port, controller, secure]: number[],
): Record<string, string> {
  const plain = 'org.apache.kafka.common.security.plain.PlainLoginModule';
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule';
  const listener = 'listener.name.sasl_ssl';
  return {
    listeners: `PLAINTEXT://127.0.0.1:${port},SASL_SSL://127.0.0.1:${secure},CONTROLLER://127.0.0.1:${controller}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port},SASL_SSL://127.0.0.1:${secure}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT',
    [`${listener}.ssl.keystore.type`]: 'PEM',
    [`${listener}.ssl.keystore.location`]: tls.serverStore,
    [`${listener}.ssl.truststore.type`]: 'PEM',
    [`${listener}.ssl.truststore.location`]: tls.caFile,
    [`${listener}.ssl.client.auth`]: clientAuth,
    [`${listener}.sasl.enabled.mechanisms`]: 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    [`${listener}.plain.sasl.jaas.config`]: `${plain} required user_${SASL.username}="${SASL.password}";`,
    [`${listener}.scram-sha-256.sasl.jaas.config`]: `${scram} required;`,
    [`${listener}.scram-sha-512.sasl.jaas.config`]: `${scram} required;`,
  };
}
