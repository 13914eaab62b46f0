import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import { FleetlogError } from '../../model/errors.ts';
import type { ApiApp } from '../context.ts';
import { notFound } from '../error-answers.ts';

/** The built dashboard. Its pages are paths of one document; files that do not exist and everything under /api are 404. */
export async function registerDashboard(app: ApiApp, dir: string | null): Promise<void> {
  app.setNotFoundHandler((request) => {
    throw notFound(request);
  });
  if (dir === null || !existsSync(join(dir, 'index.html'))) {
    app.get('/*', { config: { access: 'open' }, schema: { hide: true } }, (request) => {
      if (!isPage(request.url)) throw notFound(request);
      throw new FleetlogError('not_found', 'cannot show the dashboard: it is not built', {
        hint: 'run `npm run build`',
      });
    });
    return;
  }
  const assets = join(dir, 'assets');
  await app.register(fastifyStatic, {
    root: dir,
    serve: false,
    index: false,
    dotfiles: 'ignore',
    // The build wrote what is worth it a second time, as brotli and gzip.
    preCompressed: true,
    setHeaders: (reply, path) => {
      // Their names hold a hash of what is in them; the document that names them must be asked for each time.
      const forever = path.startsWith(assets);
      reply.header('cache-control', forever ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
  app.get('/*', { config: { access: 'open' }, schema: { hide: true } }, (request, reply) => {
    if (isPage(request.url)) return reply.sendFile('index.html');
    if (isApi(request.url)) throw notFound(request);
    return reply.sendFile((request.params as { '*': string })['*']);
  });
}

/** A path of the page: not the API's, and no file's. */
function isPage(url: string): boolean {
  return !isApi(url) && !/\.[A-Za-z0-9]{1,8}$/.test(url.split('?')[0]);
}

function isApi(url: string): boolean {
  return /^\/(api|healthz|readyz|metrics)(\/|\?|$)/.test(url);
}
