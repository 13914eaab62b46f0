import type { ContainerFacts } from './identity.ts';
import { cleanName } from './names.ts';

/**
 * The version a container runs: label `fleetlog.version`, else `org.opencontainers.image.version`, else the image's tag (`latest`
 * when the reference has none, the short digest when it has only that); empty when the image is known by its id alone.
 */
export function versionOf(facts: Pick<ContainerFacts, 'image' | 'labels'>): string {
  const label = facts.labels['fleetlog.version'] || facts.labels['org.opencontainers.image.version'];
  return cleanName(label ?? '') || imageTag(facts.image);
}

/** `registry:5000/shop:1.2@sha256:…` → `1.2`. */
function imageTag(image: string): string {
  if (image === '' || /^(sha256:)?[0-9a-f]{64}$/.test(image)) return '';
  const at = image.indexOf('@');
  const reference = at < 0 ? image : image.slice(0, at);
  const name = reference.slice(reference.lastIndexOf('/') + 1);
  const colon = name.indexOf(':');
  if (colon >= 0) return cleanName(name.slice(colon + 1));
  return at < 0 ? 'latest' : image.slice(at + 1, at + 1 + 'sha256:'.length + 12);
}
