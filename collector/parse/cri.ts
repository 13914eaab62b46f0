import { FLAG } from '../../model/record.ts';
import { createInstantParser } from './instant.ts';
import { type LineParser, type ParsedLine, STDERR, STDOUT } from './line-parser.ts';

/** Kubernetes' CRI format: `<RFC 3339> <stdout|stderr> <P|F>[:tags] <message>` (kubelet, containerd, CRI-O). */
const SPACE = 32;

export function createCriParser(count: (name: string) => void): LineParser {
  const instant = createInstantParser();

  /** Where the message begins, or -1; fills time, stream and partial. */
  function head(b: Buffer, start: number, end: number, line: ParsedLine): number {
    const first = b.indexOf(SPACE, start);
    if (first < 0 || first + 9 > end || b[first + 7] !== SPACE) return -1;
    line.time = instant.parse(b, start, first);
    if (line.time < 0) return -1;
    if (b[first + 1] !== 115 || b[first + 2] !== 116 || b[first + 3] !== 100) return -1;
    if (b[first + 4] === 111 && b[first + 5] === 117 && b[first + 6] === 116) line.stream = STDOUT;
    else if (b[first + 4] === 101 && b[first + 5] === 114 && b[first + 6] === 114) line.stream = STDERR;
    else return -1;
    const tag = b[first + 8];
    if (tag !== 80 && tag !== 70) return -1;
    line.partial = tag === 80;
    const after = first + 9;
    if (after === end) return end;
    if (b[after] === SPACE) return after + 1;
    if (b[after] !== 58) return -1;
    const space = b.indexOf(SPACE, after);
    return space < 0 || space > end ? end : space + 1;
  }

  function parse(b: Buffer, start: number, end: number, out: number, line: ParsedLine): void {
    line.flags = 0;
    line.rest = -1;
    let from = head(b, start, end, line);
    if (from < 0) {
      count('parse_errors');
      line.time = -1;
      line.stream = STDOUT;
      line.partial = false;
      line.flags = FLAG.PARSE_ERROR;
      from = start;
    }
    b.copyWithin(out, from, end);
    line.length = end - from;
  }

  return {
    parse,
    parseLong: (b, start, end, _tail, out, line) => parse(b, start, end, out, line),
  };
}
