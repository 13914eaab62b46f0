import type { LedgerItem } from '../../api/contract.ts';

type NamedSource = Pick<
  LedgerItem['source'],
  'reader' | 'app' | 'env' | 'instance' | 'path' | 'containerName' | 'named'
>;

/** Where a source's names are changed, and the lines that do it with the names it has now. */
export interface Naming {
  place: 'compose' | 'config' | 'pod' | 'push';
  text: string;
}

export function namingOf(source: NamedSource): Naming {
  const { app, env } = source;
  switch (source.reader) {
    case 'cri':
      return {
        place: 'pod',
        text: `metadata:\n  namespace: ${yaml(env)}\nspec:\n  containers:\n    - name: ${yaml(app)}`,
      };
    case 'push':
      return { place: 'push', text: `/api/v1/push/…?app=${encodeURIComponent(app)}&env=${encodeURIComponent(env)}` };
    case 'file':
      return {
        place: 'config',
        text: `collector:\n  paths:\n    - template: ${yaml(templateOf(source))}\n      app: ${yaml(app)}\n      env: ${yaml(env)}`,
      };
    default:
      return {
        place: 'compose',
        text: `services:\n  ${yaml(serviceOf(source))}:\n    labels:\n      fleetlog.app: ${yaml(app)}\n      fleetlog.env: ${yaml(env)}`,
      };
  }
}

/** Compose's own name of the service where it is known, else the container's. */
function serviceOf({ app, named, containerName }: NamedSource): string {
  return named.app === 'compose service' ? app : containerName;
}

/** All files beside it with its ending. */
function templateOf({ path }: NamedSource): string {
  const slash = path.lastIndexOf('/');
  const dot = path.lastIndexOf('.');
  return `${path.slice(0, slash + 1)}*${dot > slash ? path.slice(dot) : ''}`;
}

/** A scalar, quoted unless it can only be read as text. JSON's strings are YAML's. */
function yaml(text: string): string {
  const plain = /^[A-Za-z_/][\w./-]*$/.test(text) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(text);
  return plain ? text : JSON.stringify(text);
}
