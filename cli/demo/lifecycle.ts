import type { DemoContainer } from './fleet.ts';
import { hashHex, mix, type Random } from './random.ts';
import { createStamps } from './voice.ts';

/** What happens to a container now and then, with the words it says before and after. */
export type Incident = 'restart' | 'oom' | 'deploy';

const JAVA = new Set(['order', 'pay', 'user', 'inventory', 'coupon']);

export function pickIncident(random: Random): Incident {
  const u = random.next();
  return u < 0.4 ? 'deploy' : u < 0.75 ? 'restart' : 'oom';
}

/** The same replica with the next image: another container to docker, the same app to everyone else. */
export function nextVersion(container: DemoContainer, generation: number): DemoContainer {
  const [major, minor] = container.version.split('.');
  return {
    ...container,
    id: hashHex(8, container.seed, mix(generation, container.seed)),
    version: `${major}.${Number(minor) + 1}.0`,
  };
}

/** Last words; lines of one record are separated by `\n`. */
export function farewell(container: DemoContainer, incident: Incident, ms: number): string[] {
  const at = createStamps().milli(ms, '.');
  const java = JAVA.has(container.voice);
  if (incident === 'oom' && java) {
    return [
      `${at} ERROR [${container.app}] 1 --- [Catalina-utility-1] o.a.c.loader.WebappClassLoaderBase : Handler dispatch failed\njava.lang.OutOfMemoryError: Java heap space\n\tat java.base/java.util.Arrays.copyOf(Arrays.java:3537)\n\tat com.shop.export.ExcelWriter.write(ExcelWriter.java:88)`,
    ];
  }
  if (incident === 'oom') return [];
  return java
    ? [
        `${at}  INFO [${container.app}] 1 --- [SpringApplicationShutdownHook] o.s.b.w.e.tomcat.GracefulShutdown : Commencing graceful shutdown. Waiting for active requests to complete`,
      ]
    : [`${at} INFO received SIGTERM, shutting down`];
}

/** First words after a start. */
export function greeting(container: DemoContainer, ms: number): string[] {
  const at = createStamps().milli(ms, '.');
  if (!JAVA.has(container.voice)) return [`${at} INFO ${container.app} ${container.version} ready`];
  const head = `${at}  INFO [${container.app}] 1 --- [main] com.shop.Application :`;
  return [
    `${head} Starting Application v${container.version} using Java 21.0.5 with PID 1 (/app/app.jar)`,
    `${head} The following 1 profile is active: "${container.env}"`,
    `${head} Started Application in 7.${ms % 1000} seconds (process running for 8.2)`,
  ];
}
