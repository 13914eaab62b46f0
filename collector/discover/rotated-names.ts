const COMPRESSED = /\.(gz|zst|bz2|xz|lz4|Z)$/;
/** What rotation appends: a number, or a date with an optional time, after `.`, `-` or `_`. */
const ROTATION =
  /(?:\.\d{1,5}|[.\-_]\d{8}(?:[-_T.]?\d{2,6})?|[.\-_]\d{4}-\d\d-\d\d(?:[-_T.]\d\d(?:[-_:.]?\d\d){0,2})?|\.(?:old|bak))$/;

export function isCompressed(name: string): boolean {
  return COMPRESSED.test(name);
}

/** Names of the live file that `name` may be a rotated sibling of, nearest first: `x.log.1.gz` → `x.log.1`, `x.log`. */
export function liveNames(name: string): string[] {
  const names: string[] = [];
  let rest = name.replace(COMPRESSED, '');
  if (rest !== name) names.push(rest);
  for (
    let shorter = rest.replace(ROTATION, '');
    shorter !== rest && shorter !== '';
    shorter = rest.replace(ROTATION, '')
  ) {
    names.push(shorter);
    rest = shorter;
  }
  return names;
}
