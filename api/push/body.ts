import type { IncomingMessage } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { FleetlogError } from '../../model/errors.ts';
import type { ApiApp } from '../context.ts';
import { inflateBody } from '../inflate.ts';

/** Bodies held at once, over all senders, as a multiple of the largest one allowed; more wait at the sender. */
const BODIES_HELD = 4;

/** Reads bodies of any type as bytes, inflated and bounded, each and all together. */
export interface PushBodies {
  /** Gives routes of `scope` their body as a Buffer. `inflatedLater`: encodings the route undoes itself. */
  readIn(scope: ApiApp, inflatedLater?: readonly string[]): void;
  /** Counts bytes a route made of the body, until the request is answered. Throws `too_many_requests` when all together are too many. */
  hold(request: FastifyRequest, bytes: number): void;
  heldBytes(): number;
}

interface Holding {
  heldBytes: number;
}

export function createPushBodies(limit: number): PushBodies {
  let held = 0;

  function hold(mine: Holding, bytes: number): void {
    held += bytes;
    mine.heldBytes += bytes;
    if (held > BODIES_HELD * limit) {
      throw new FleetlogError('too_many_requests', 'cannot take lines now: others are being stored', {
        hint: 'send them again',
      });
    }
  }

  function take(mine: Holding, bytes: number): void {
    hold(mine, bytes);
    if (mine.heldBytes <= limit) return;
    throw new FleetlogError('body_too_large', undefined, {
      hint: `at most ${limit} bytes after inflating (http.bodyBytes); send smaller requests`,
    });
  }

  return {
    heldBytes: () => held,
    hold: (request, bytes) => hold(request as unknown as Holding, bytes),

    readIn(scope, inflatedLater = []) {
      scope.decorateRequest('heldBytes', 0);
      scope.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
        const mine = request as unknown as Holding;
        reply.raw.once('close', () => {
          held -= mine.heldBytes;
        });
      });
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser('*', (request: FastifyRequest, payload: IncomingMessage) => {
        const encoding = request.headers['content-encoding'];
        const later = encoding !== undefined && inflatedLater.includes(encoding.trim().toLowerCase());
        return inflateBody(payload, later ? undefined : encoding, (bytes) =>
          take(request as unknown as Holding, bytes),
        );
      });
    },
  };
}

/** The body, empty when there was none. */
export function bodyOf(request: FastifyRequest): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
}

/** Whether the sender says it is JSON. */
export function saysJson(request: FastifyRequest): boolean {
  return /^application\/(?:[\w.-]+\+)?json\b/i.test(request.headers['content-type'] ?? '');
}

/** Throws `body_too_large` for a JSON document that would take too much memory as a whole. */
export function assertDocument(body: Buffer, limit: number): void {
  if (body.length <= limit) return;
  throw new FleetlogError('body_too_large', undefined, {
    hint: `at most ${limit} bytes of JSON (push.documentBytes); send smaller requests, or protobuf`,
  });
}
