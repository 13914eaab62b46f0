import type { FastifyReply } from 'fastify';

/** Aborts when the connection closes before the answer is complete, so that work for nobody stops. */
export function goneSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort();
  });
  return controller.signal;
}
