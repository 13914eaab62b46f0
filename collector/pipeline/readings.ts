import type { CollectorConfig } from '../../model/config.ts';
import { matchesGlob } from '../../model/glob.ts';
import type { Source } from '../../model/source.ts';
import { compilePattern } from '../../model/user-patterns.ts';
import type { FileTarget } from '../discovery.ts';
import { type JoinRules, startPatternRules, traceRules } from '../parse/continuation.ts';
import { createCriParser } from '../parse/cri.ts';
import { createDockerJsonParser } from '../parse/docker-json.ts';
import type { LineParser } from '../parse/line-parser.ts';
import { createPlainParser } from '../parse/plain.ts';
import { knownStamps } from '../parse/stamp.ts';
import { layoutStamps } from '../parse/stamp-layout.ts';
import { createZone } from '../parse/zone.ts';
import type { Reading } from '../tail/tail-file.ts';
import { type Assembler, type AssemblerOptions, createAssembler } from './assembler.ts';
import { createLineFilters } from './line-filter.ts';
import type { Workbench } from './workbench.ts';

export interface ReadingsOptions {
  config: CollectorConfig;
  bench: Workbench;
  count: (name: string, by?: number) => void;
  /** µs before which a stamp counts as none. */
  oldestUs(): number;
  severe(bytes: Buffer, start: number, end: number): boolean;
}

/** Says how each target's lines are parsed, joined and filtered, by its reader and the configuration for its app. */
export interface Readings {
  ofFile(target: FileTarget): Reading;
  /** Lines that come with time and stream already (the Docker API). */
  ofStream(source: Source): Reading;
}

/** A plain file's line may begin with a NUL (UTF-16 does); a longer run is a hole. */
const PLAIN_HOLE_BYTES = 16;

const DOCKER = { partsShareTime: true, stamped: true };
const CRI = { partsShareTime: false, stamped: true };
const PLAIN = { partsShareTime: false, stamped: false };

/** Throws `bad_config` for patterns, layouts and zones that cannot be used. */
export function createReadings(options: ReadingsOptions): Readings {
  const { config, bench, count } = options;
  const docker = createDockerJsonParser(count);
  const cri = createCriParser(count);
  const filterOf = createLineFilters(config.filters);
  const assemblers: { join: JoinRules; how: object; assembler: Assembler }[] = [];
  const starts = config.multiline.map((rule, i) => {
    const pattern = compilePattern(rule.start, `collector.multiline[${i}].start`);
    return { ...rule, rules: startPatternRules((text) => pattern.test(text)) };
  });

  function joinRules({ app, env }: Source): JoinRules {
    return starts.find((rule) => matchesGlob(rule.app, app) && matchesGlob(rule.env, env))?.rules ?? traceRules;
  }

  /** What an assembler knows of a file is in the file's assembly: one does for all that are joined alike. */
  function assemblerOf(join: JoinRules, how: Pick<AssemblerOptions, 'partsShareTime' | 'stamped'>): Assembler {
    const known = assemblers.find((one) => one.join === join && one.how === how);
    if (known) return known.assembler;
    const assembler = createAssembler(bench, {
      ...how,
      join,
      multilineMs: config.multilineMs,
      multilineLines: config.multilineLines,
      multilineBytes: config.multilineBytes,
      lineBytes: config.lineBytes,
      severe: options.severe,
    });
    assemblers.push({ join, how, assembler });
    return assembler;
  }

  function reading(
    source: Source,
    parser: LineParser,
    how: Pick<AssemblerOptions, 'partsShareTime' | 'stamped'>,
    holeBytes: number,
    setModified: (ms: number) => void,
  ): Reading {
    const join = joinRules(source);
    const assembler = assemblerOf(join, how);
    return {
      source,
      parser,
      assembler,
      filter: filterOf(source),
      ordinary: parser === docker && join === traceRules,
      holdsAll: join.holdsAll,
      holeBytes,
      setModified,
    };
  }

  const nothing = (): void => {};
  return {
    ofFile(target) {
      const { source } = target;
      if (target.reader === 'json-file') return reading(source, docker, DOCKER, 1, nothing);
      if (target.reader === 'cri') return reading(source, cri, CRI, 1, nothing);
      const { layout = '', zone = '' } = target.time ?? {};
      const parser = createPlainParser(layout ? layoutStamps(layout) : knownStamps, createZone(zone), options.oldestUs);
      return reading(source, parser, PLAIN, PLAIN_HOLE_BYTES, parser.setModified);
    },
    ofStream: (source) => reading(source, cri, CRI, 1, nothing),
  };
}
