import type { Mark } from '../text/mark.ts';
import { readQueryText } from './query-text.ts';

/** A run of the query with its look in the field. */
export interface QueryRun {
  text: string;
  look: 'plain' | 'clause' | 'not' | 'operator';
  /** Coloured parts inside, offsets from the run's start. */
  marks: Mark[];
}

/** The text cut into clauses and what stands between, for the tinted twin under the field. Joined again it is the text. */
export function queryRuns(text: string): QueryRun[] {
  const runs: QueryRun[] = [];
  let last = 0;
  const between = (end: number) => {
    if (end > last) runs.push({ text: text.slice(last, end), look: 'plain', marks: [] });
  };
  for (const clause of readQueryText(text).clauses) {
    between(clause.start);
    const part = text.slice(clause.start, clause.end);
    const group = clause.field === null && /^[-－]?[(（]/.test(part);
    runs.push({ text: part, look: clause.negated ? 'not' : group ? 'operator' : 'clause', marks: clauseMarks(part) });
    last = clause.end;
  }
  between(text.length);
  return runs;
}

function clauseMarks(part: string): Mark[] {
  const marks: Mark[] = [];
  const token =
    /(?:^|(?<=[\s(（-]))([A-Za-z_@][\w.@-]*)([:：])(?![\s/])|["“][^"“”]*["”]?|\b(?:AND|OR|NOT)\b|[()（）]|[<>=]=?(?=[\w."])/g;
  for (const match of part.matchAll(token)) {
    const start = match.index;
    if (match[1] !== undefined) {
      marks.push({ start, end: start + match[1].length, tone: 'key' });
      marks.push({ start: start + match[1].length, end: start + match[0].length, tone: 'quiet' });
    } else {
      marks.push({ start, end: start + match[0].length, tone: /^["“]/.test(match[0]) ? 'string' : 'quiet' });
    }
  }
  return marks;
}
