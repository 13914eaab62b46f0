import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useClient } from '../client/client.tsx';
import type { Range } from '../format/range.ts';
import { type Choice, type Completion, completionAt, fieldChoices, valueChoices } from './completion.ts';
import { span } from './data.ts';
import { type QueryParser, quotedClause } from './query-parser.ts';
import { useFieldNames } from './use-field-names.ts';

/** Values asked for; with more the typist writes another letter. */
const SIZE = 100;

export interface Offer {
  completion: Completion;
  choices: Choice[];
  /** Counts of values are on their way. */
  waiting: boolean;
}

/** What to offer while `text` is typed, with counts of the current result. Null: nothing. */
export function useCompletion(options: {
  text: string;
  /** Null while the field is not being typed in. */
  caret: number | null;
  range: Range;
  seen: string[];
  parser: QueryParser | null;
}): Offer | null {
  const { text, caret, range, seen, parser } = options;
  const client = useClient();
  const completion = caret === null ? null : completionAt(text, caret);
  const value = completion?.kind === 'value' ? completion : null;
  // Half-typed text elsewhere cannot be counted by; then the whole range is.
  const rest = value === null || parser?.read(value.rest).mistake != null ? '' : value.rest;
  const asked = useQuery({
    queryKey: ['values', value?.field, rest, Math.floor(range.from / 1e6), Math.floor(range.to / 1e6)],
    enabled: value !== null,
    staleTime: 30_000,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const field = value!.field;
      const answer = await client.facets({ query: rest, ...span(range), fields: field, size: SIZE }, signal);
      return { field, values: answer.facets[field] ?? [] };
    },
  });
  const fields = useFieldNames(text, range, seen, completion?.kind === 'field');
  if (completion === null) return null;
  if (completion.kind === 'field') {
    const choices = fieldChoices(completion.prefix, fields);
    return choices.length === 0 ? null : { completion, choices, waiting: false };
  }
  const values = asked.data?.field === completion.field ? asked.data.values : [];
  const choices = valueChoices(completion.field, completion.prefix, values, parser?.writeClause ?? quotedClause);
  const waiting = asked.isFetching && values.length === 0;
  return choices.length === 0 && !waiting ? null : { completion, choices, waiting };
}
