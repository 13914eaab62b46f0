import { hashHex, hashText } from './random.ts';

export type VoiceName =
  | 'order'
  | 'pay'
  | 'user'
  | 'inventory'
  | 'coupon'
  | 'gateway'
  | 'risk'
  | 'datanode'
  | 'bastion'
  | 'search'
  | 'notify'
  | 'report'
  | 'cache';

/** Which of the identity rules of the collector gives this app its name. */
export type Naming = 'variables' | 'labels' | 'compose';

export interface DemoApp {
  app: string;
  voice: VoiceName;
  image: string;
  /** Share of the fleet's bytes, relative. */
  weight: number;
  replicas: number;
  naming: Naming;
}

/** 13 apps, 39 containers: a web shop with its gateway, its stores and the machines' own daemons. */
export const APPS: readonly DemoApp[] = [
  { app: 'shop-order', voice: 'order', image: 'shop/order', weight: 20, replicas: 6, naming: 'variables' },
  { app: 'shop-pay', voice: 'pay', image: 'shop/pay', weight: 12, replicas: 4, naming: 'variables' },
  { app: 'gateway', voice: 'gateway', image: 'nginx', weight: 20, replicas: 4, naming: 'variables' },
  { app: 'user-center', voice: 'user', image: 'shop/user-center', weight: 10, replicas: 4, naming: 'variables' },
  { app: 'risk', voice: 'risk', image: 'shop/risk', weight: 10, replicas: 3, naming: 'labels' },
  { app: 'inventory', voice: 'inventory', image: 'shop/inventory', weight: 7, replicas: 3, naming: 'variables' },
  { app: 'datanode', voice: 'datanode', image: 'hadoop/datanode', weight: 8, replicas: 3, naming: 'compose' },
  { app: 'search-api', voice: 'search', image: 'shop/search-api', weight: 5, replicas: 3, naming: 'labels' },
  { app: 'notify', voice: 'notify', image: 'shop/notify', weight: 3, replicas: 2, naming: 'labels' },
  { app: 'coupon', voice: 'coupon', image: 'shop/coupon', weight: 2, replicas: 2, naming: 'variables' },
  { app: 'bastion', voice: 'bastion', image: 'ops/bastion', weight: 1, replicas: 2, naming: 'compose' },
  { app: 'report-worker', voice: 'report', image: 'data/report-worker', weight: 1.5, replicas: 2, naming: 'variables' },
  { app: 'session-cache', voice: 'cache', image: 'redis', weight: 0.5, replicas: 1, naming: 'compose' },
];

export const DEFAULT_CONTAINERS = APPS.reduce((sum, app) => sum + app.replicas, 0);

/** Env of the n-th replica; later ones repeat. Staging and test are quieter. */
const ENVS = ['prod', 'prod', 'staging', 'prod', 'test', 'prod'] as const;
const QUIET = 0.25;

export interface DemoContainer {
  /** 64 hex digits. */
  id: string;
  /** Without the leading slash. */
  name: string;
  app: string;
  env: string;
  /** Number within app and env, from 1. */
  slot: number;
  image: string;
  version: string;
  voice: VoiceName;
  naming: Naming;
  /** Share of the fleet's bytes; all shares add up to 1. */
  share: number;
  seed: number;
}

/**
 * The containers of a made-up fleet, the first replicas of all apps before the second ones, so that any `count` is a mix. Beyond
 * the usual 39 apps get more replicas.
 */
export function fleetContainers(seed: number, count = DEFAULT_CONTAINERS): DemoContainer[] {
  const containers: DemoContainer[] = [];
  const slots = new Map<string, number>();
  for (let round = 0; containers.length < count; round++) {
    for (const app of APPS) {
      if (containers.length >= count) break;
      if (round >= app.replicas && count <= DEFAULT_CONTAINERS) continue;
      const env = ENVS[round % ENVS.length];
      const slot = (slots.get(`${app.app} ${env}`) ?? 0) + 1;
      slots.set(`${app.app} ${env}`, slot);
      containers.push(describe(app, env, slot, seed, (app.weight / app.replicas) * (env === 'prod' ? 1 : QUIET)));
    }
  }
  const total = containers.reduce((sum, c) => sum + c.share, 0);
  for (const container of containers) container.share /= total;
  return containers;
}

function describe(app: DemoApp, env: string, slot: number, seed: number, share: number): DemoContainer {
  const name = env === 'prod' ? `${app.app}-${slot}` : `${app.app}-${env}-${slot}`;
  const own = hashText(`${seed} ${name}`);
  const version = `${1 + (own % 4)}.${(own >>> 3) % 20}.${(own >>> 9) % 10}`;
  return {
    id: hashHex(8, own, seed),
    name,
    app: app.app,
    env,
    slot,
    image: app.image,
    version,
    voice: app.voice,
    naming: app.naming,
    share,
    seed: own,
  };
}
