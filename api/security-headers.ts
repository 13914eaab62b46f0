import type { ApiApp } from './context.ts';

/** Log text is written by strangers: nothing inline, nothing from elsewhere, no sink that takes a string as script (S15). */
const PAGE_POLICY = [
  "default-src 'self'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

/** The API's own documentation is swagger-ui, which sets styles inline and knows nothing of trusted types; it shows no log text. */
const DOCS_POLICY = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

export function registerSecurityHeaders(app: ApiApp, options: { tls: boolean }): void {
  app.addHook('onSend', async (request, reply) => {
    reply.header(
      'content-security-policy',
      request.url.startsWith('/api/docs') && !request.is404 ? DOCS_POLICY : PAGE_POLICY,
    );
    reply.header('x-content-type-options', 'nosniff');
    reply.header('referrer-policy', 'no-referrer');
    reply.header('x-frame-options', 'DENY');
    reply.header('cross-origin-resource-policy', 'same-origin');
    if (options.tls) reply.header('strict-transport-security', 'max-age=31536000');
    if (request.url.startsWith('/api/') && !reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
  });
}
