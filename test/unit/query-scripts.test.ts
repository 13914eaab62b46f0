import { compileMatch } from '../../model/query/match.ts';
import type { LogRecord } from '../../model/record.ts';
import { queryScripts, recordName } from '../suites/query-scripts.ts';

queryScripts('match', () => {
  const loaded: LogRecord[] = [];
  return {
    load: async (records) => void loaded.push(...records),
    eval: async (query) => loaded.filter(compileMatch(query)).map(recordName),
    close: () => {},
  };
});
