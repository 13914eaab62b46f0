import { encodeRecordId, type RecordKey } from './position.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Places of an id's characters: nine of the time, one of both, 26 of the file, ten of the offset. */
const FILE_FROM = 10;
const FILE_TO = 36;
/** Files whose middle part is remembered. */
const MOST_FILES = 10_000;

/**
 * `encodeRecordId` for many records: fid and gen lie on character boundaries of the id, but for four bits, so their part is remembered
 * by file and only time and offset are written anew.
 */
export function createIdEncoder(): (key: RecordKey) => string {
  const chars = [...ALPHABET];
  const pairs = Array.from({ length: 4096 }, (_, i) => chars[i >> 6] + chars[i & 63]);
  const files = new Map<string, Map<number, string>>();
  let fid = '';
  let gen = -1;
  let middle = '';
  let shared = 0;

  function turnTo(key: RecordKey): void {
    fid = key.fid;
    gen = key.gen;
    // The file's first four bits share a character with the time's last two.
    shared = Number.parseInt(fid[0], 16);
    let gens = files.get(fid);
    if (!gens) {
      if (files.size >= MOST_FILES) files.clear();
      files.set(fid, (gens = new Map()));
    }
    middle = gens.get(gen) ?? encodeRecordId(key).slice(FILE_FROM, FILE_TO);
    gens.set(gen, middle);
  }

  return (key) => {
    if (key.fid !== fid || key.gen !== gen) turnTo(key);
    const high = Math.floor(key.time / 2 ** 32);
    const low = (key.time % 2 ** 32) | 0;
    const place = Math.floor(key.offset / 2 ** 32);
    const rest = (key.offset % 2 ** 32) | 0;
    return (
      // 24 bits of the time's upper half and 8 of its lower one; then 24.
      pairs[(high >>> 12) & 4095] +
      pairs[high & 4095] +
      pairs[low >>> 20] +
      pairs[(low >>> 8) & 4095] +
      chars[(low >>> 2) & 63] +
      chars[((low & 3) << 4) | shared] +
      middle +
      pairs[(place >>> 12) & 4095] +
      pairs[place & 4095] +
      pairs[rest >>> 20] +
      pairs[(rest >>> 8) & 4095] +
      pairs[(rest & 255) << 4]
    );
  };
}
