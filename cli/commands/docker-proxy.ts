import { type Command, EXIT } from '../command.ts';
import { loadConfig } from '../config.ts';
import { createLog } from '../log.ts';
import { stopped } from '../stopped.ts';

export const dockerProxy: Command = {
  name: 'docker-proxy',
  summary: 'A read-only door to the Docker socket for collectors: GET only, a few routes, no secrets of containers',
  options: {
    listen: {
      type: 'text',
      value: 'HOST:PORT|PATH',
      help: 'address or unix socket to listen on (default 127.0.0.1:2375)',
    },
    logs: {
      type: 'flag',
      help: 'also let container logs through, for log drivers that write no files; whoever reaches the port can read them',
    },
    socket: { type: 'text', value: 'PATH', help: 'the Docker socket (default collector.dockerSocket)' },
  },
  examples: [
    ['fleetlog docker-proxy --listen 0.0.0.0:2375', 'in its own container, the only one with the socket mounted'],
    ['fleetlog start --set collector.dockerSocket=tcp://docker-proxy:2375', 'a collector behind it'],
  ],
  notes:
    'Environment values of containers are cut to the names that identity rules use (collector.appEnvNames, collector.envEnvNames);\n' +
    'commands are dropped. Everything but the listed routes is answered 403. Keep its address inside the host: it has no login.',
  async run(args, io) {
    const { config } = await loadConfig({ file: args.text('config'), set: args.list('set'), env: io.env, cwd: io.cwd });
    const { startDockerProxy } = await import('../../collector/docker/proxy.ts');
    const proxy = await startDockerProxy({
      socket: args.text('socket') ?? config.collector.dockerSocket,
      listen: args.text('listen') ?? '127.0.0.1:2375',
      allowLogs: args.flag('logs'),
      envNames: [...config.collector.appEnvNames, ...config.collector.envEnvNames],
      log: createLog(config.log.level, io),
    });
    io.stdout.write(`docker-proxy listens on ${proxy.address}\n`);
    await stopped(io.signal);
    await proxy.close();
    return EXIT.ok;
  },
};
