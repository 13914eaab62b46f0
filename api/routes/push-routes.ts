import type { ApiApp, ApiContext } from '../context.ts';
import { createPush } from '../push/push.ts';
import { registerPushElastic } from './push-elastic.ts';
import { registerPushLoki } from './push-loki.ts';
import { registerPushNdjson } from './push-ndjson.ts';
import { registerPushOtlp } from './push-otlp.ts';

/** Lines from other shippers, in their own protocols (docs/push.md). */
export function registerPush(app: ApiApp, context: ApiContext): void {
  const push = createPush(context);
  if (!push) return;
  app.register(async (scope) => {
    push.bodies.readIn(scope as ApiApp);
    registerPushNdjson(scope as ApiApp, push);
    registerPushOtlp(scope as ApiApp, push);
    scope.register(async (inner) => registerPushElastic(inner as ApiApp, push, context));
  });
  app.register(async (scope) => {
    // The block format is not one of HTTP's encodings; some clients name it all the same.
    push.bodies.readIn(scope as ApiApp, ['snappy']);
    registerPushLoki(scope as ApiApp, push, context);
  });
}
