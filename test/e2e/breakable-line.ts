import { connect, createServer, type Socket } from 'node:net';

/** A TCP line to the server that can be cut: what is open breaks, what comes is refused, until it is mended. */
export interface BreakableLine {
  url: string;
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

export async function startBreakableLine(to: string): Promise<BreakableLine> {
  const { hostname, port } = new URL(to);
  const open = new Set<Socket>();
  let broken = false;
  const server = createServer((client) => {
    if (broken) return client.destroy();
    const onward = connect(Number(port), hostname);
    for (const [one, other] of [
      [client, onward],
      [onward, client],
    ]) {
      open.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('cannot listen');
  const cutAll = () => {
    for (const socket of open) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${address.port}`,
    cut() {
      broken = true;
      cutAll();
    },
    mend() {
      broken = false;
    },
    async close() {
      cutAll();
      await new Promise((done) => server.close(done));
    },
  };
}
