import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import { FleetlogError } from '../../model/errors.ts';
import type { ApiApp } from '../context.ts';
import { notFound } from '../error-answers.ts';

/** The built dashboard. Its pages are paths of one document; files that do not exist and everything under /api are 404. */
export async function registerDashboard(app: ApiApp, dir: string | null): Promise<void> {
  const built = dir !== null && existsSync(join(dir, 'index.html'));
  if (built) {
    app.addHook('onRoute', (route) => {
      if (route.url === '/*') route.config = { ...route.config, access: 'open' };
    });
    await app.register(fastifyStatic, {
      root: dir,
      wildcard: true,
      index: false,
      dotfiles: 'ignore',
      decorateReply: true,
      schemaHide: true,
      globIgnore: [],
      setHeaders: (response, path) => {
        const hashed = path.includes(`${join(dir, 'assets')}`);
        response.header('cache-control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache');
      },
    });
  }
  app.setNotFoundHandler((request, reply) => {
    const page = (request.method === 'GET' || request.method === 'HEAD') && isPage(request.url);
    if (page && built) return reply.sendFile('index.html');
    if (page)
      throw new FleetlogError('not_found', 'cannot show the dashboard: it is not built', {
        hint: 'run `npm run build`',
      });
    throw notFound(request);
  });
}

/** A path of the page: not the API's, and no file's. */
function isPage(url: string): boolean {
  const path = url.split('?')[0];
  return !/^\/(api|healthz|readyz|metrics)(\/|$)/.test(path) && !/\.[A-Za-z0-9]{1,8}$/.test(path);
}
