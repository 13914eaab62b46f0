import { useQuery } from '@tanstack/react-query';
import { FleetlogError } from '../../model/errors.ts';
import type { Query } from '../../model/query/tree.ts';
import type { WriteClause } from './query-edit.ts';

export interface QueryMistake {
  message: string;
  hint: string | undefined;
  /** UTF-16 span in the text, null when unknown. */
  position: { start: number; end: number } | null;
  /** A query that mends it. */
  mend: string | null;
}

export interface QuerySlip {
  field: string;
  span: { start: number; end: number };
  /** The query with that clause as text. */
  query: string;
}

export interface QueryParser {
  /** Never throws: a text that cannot be read gives a mistake. */
  read(text: string): { query: Query | null; mistake: QueryMistake | null; slips: QuerySlip[] };
  writeClause: WriteClause;
}

/** Until the parser is there: always right, never pretty. */
export const quotedClause: WriteClause = (field, value) => `${field}:"${value.replace(/["\\]/g, '\\$&')}"`;

/** The server's own parser, in a chunk that comes after the first paint: with it mistakes show while typing and hits are marked. */
export function useQueryParser(): QueryParser | null {
  const loaded = useQuery({ queryKey: ['query parser'], queryFn: loadParser, gcTime: Number.POSITIVE_INFINITY });
  return loaded.data ?? null;
}

async function loadParser(): Promise<QueryParser> {
  const { clauseText, parseQuery, quoteText } = await import('../../model/query/parse.ts');
  return {
    read(text) {
      try {
        const { query, hints } = parseQuery(text);
        return { query, mistake: null, slips: hints };
      } catch (error) {
        if (!(error instanceof FleetlogError)) throw error;
        const mend = quoteText(text.trim());
        const mistake = { message: error.message, hint: error.hint, position: error.position ?? null, mend };
        return { query: null, mistake, slips: [] };
      }
    },
    writeClause: clauseText,
  };
}
