import { readFile } from 'node:fs/promises';
import kafkajs, { type Kafka, type KafkaConfig as KafkajsConfig } from 'kafkajs';
import type { KafkaConfig } from '../../model/config.ts';
import { FleetlogError } from '../../model/errors.ts';
import { type KafkaLog, kafkajsLog } from './log.ts';
import { mendRequestQueue } from './request-queue.ts';
import { registerZstd } from './zstd.ts';

/** A kafkajs client for these brokers. Nothing is connected yet. Rejects with `bad_config` when a certificate file cannot be read. */
export async function createKafkaClient(config: KafkaConfig, clientId: string, log: KafkaLog): Promise<Kafka> {
  mendRequestQueue();
  registerZstd();
  const { saslMechanism: mechanism, username, password } = config;
  return new kafkajs.Kafka({
    brokers: config.brokers,
    clientId,
    ssl: config.tls ? await tlsOptions(config) : undefined,
    sasl: mechanism === 'none' ? undefined : ({ mechanism, username, password } as KafkajsConfig['sasl']),
    connectionTimeout: 3_000,
    authenticationTimeout: 10_000,
    requestTimeout: 30_000,
    // Short rounds: the bus itself tries for ever, with growing pauses, and must be able to stop.
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 4 },
    logCreator: kafkajsLog(log),
  });
}

async function tlsOptions(config: KafkaConfig): Promise<KafkajsConfig['ssl']> {
  const read = async (key: 'caFile' | 'certFile' | 'keyFile'): Promise<string | undefined> => {
    if (!config[key]) return undefined;
    return readFile(config[key], 'utf8').catch((cause: unknown) => {
      throw new FleetlogError('bad_config', `cannot read kafka.${key} ${config[key]}`, {
        cause,
        hint: 'name a PEM file that this user may read',
      });
    });
  };
  const ca = await read('caFile');
  return { ...(ca ? { ca: [ca] } : {}), cert: await read('certFile'), key: await read('keyFile') };
}

/** What an operator must change before trying again helps, or null when it may pass by itself. */
export function configurationFault(error: unknown): string | null {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { type = '', code = '', message } = at as Error & { type?: string; code?: string | number };
    if (at.name === 'KafkaJSSASLAuthenticationError' || type === 'SASL_AUTHENTICATION_FAILED')
      return 'the brokers refuse the login: check kafka.username, kafka.password and kafka.saslMechanism';
    if (/UNSUPPORTED_SASL_MECHANISM|ILLEGAL_SASL_STATE/.test(type))
      return 'the brokers do not take this login: check kafka.saslMechanism';
    if (/AUTHORIZATION_FAILED/.test(type))
      return 'the brokers do not allow it: let this user describe, create, read and write the topics and the group';
    if (/certificate[_ ]required|alert.*bad[_ ]certificate/i.test(`${code} ${message}`))
      return 'the brokers want a certificate of this client: check kafka.certFile and kafka.keyFile';
    if (/certificate|CERT_|self-signed|altnames/i.test(`${code} ${message}`))
      return "the brokers' certificate is not trusted: check kafka.caFile and the names in the certificate";
    if (/wrong version number|EPROTO|ssl3_get_record/i.test(`${code} ${message}`))
      return 'the brokers do not talk TLS on this port: check kafka.tls and kafka.brokers';
    if (/INVALID_REPLICATION_FACTOR|INVALID_PARTITIONS|POLICY_VIOLATION|INVALID_CONFIG/.test(type))
      return 'the brokers refuse to make the topic like this: check kafka.replicas and kafka.partitions, or make it yourself';
  }
  return null;
}

/** What may be wrong with the configuration, where an outage looks the same; or null. */
export function suspicion(error: unknown): string | null {
  for (let at = error; at instanceof Error; at = at.cause)
    if (/before secure TLS connection was established/.test(at.message))
      return 'a broker ends the connection before TLS begins: is kafka.tls right for this port?';
  return null;
}
