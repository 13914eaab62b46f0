import { extractFields } from '../fields.ts';
import type { Level } from '../level.ts';
import type { Source, Stream } from '../source.ts';
import { compileLineField, compileRecordField } from './match-fields.ts';
import { compilePhrase, compileSubstring, type TextTest } from './match-phrase.ts';
import { compileRegexp } from './regexp.ts';
import { lowerText } from './tokenize.ts';
import type { Query } from './tree.ts';

/** What of a record a query can see; a LogRecord is one. */
export interface MatchView {
  source: Source;
  stream: Stream;
  level: Level | null;
  message: string;
}

/** The record under test, with what is derived from its message at most once. One serves all calls of a compiled query. */
class Subject {
  view: MatchView;
  message = '';
  readonly lower: () => string;
  readonly fields: () => Map<string, string>;
  #lower: string | null = null;
  #fields: Map<string, string> | null = null;

  constructor(view: MatchView) {
    this.view = view;
    this.lower = () => {
      this.#lower ??= lowerText(this.message);
      return this.#lower;
    };
    this.fields = () => {
      this.#fields ??= extractFields(this.message);
      return this.#fields;
    };
  }

  take(view: MatchView): this {
    this.view = view;
    this.message = view.message.toWellFormed();
    this.#lower = null;
    this.#fields = null;
    return this;
  }
}

type Test = (subject: Subject) => boolean;

/**
 * The reference evaluator: what a query means, for live tail, embedded scans and as the oracle of every store's tests.
 * The function may be called with one object whose contents change between calls. Throws `bad_query` for a wrong regular expression.
 */
export function compileMatch(query: Query): (view: MatchView) => boolean {
  const test = compile(query);
  let subject: Subject | null = null;
  return (view) => {
    subject ??= new Subject(view);
    return test(subject.take(view));
  };
}

/** One record against one query. For many records compile once. */
export function matchRecord(query: Query, view: MatchView): boolean {
  return compileMatch(query)(view);
}

function compile(query: Query): Test {
  switch (query.type) {
    case 'all':
      return () => true;
    case 'and':
      return every(cheapFirst(query.items).map(compile));
    case 'or':
      return some(cheapFirst(query.items).map(compile));
    case 'not': {
      const test = compile(query.item);
      return (subject) => !test(subject);
    }
    case 'phrase':
      return onText(compilePhrase(query.text, query.prefix));
    case 'substring':
      return onText(compileSubstring(query.text));
    case 'regexp': {
      const regexp = compileRegexp(query.pattern);
      return (subject) => regexp.test(subject.message);
    }
    case 'field': {
      const onRecord = compileRecordField(query.field, query.test);
      if (onRecord !== null) return (subject) => onRecord(subject.view);
      const onLine = compileLineField(query.field, query.test);
      return (subject) => onLine(subject.message, subject.fields);
    }
  }
}

function onText(test: TextTest): Test {
  return (subject) => test(subject.message, subject.lower);
}

function every(tests: Test[]): Test {
  if (tests.length === 2) {
    const [a, b] = tests;
    return (subject) => a(subject) && b(subject);
  }
  return (subject) => {
    for (const test of tests) if (!test(subject)) return false;
    return true;
  };
}

function some(tests: Test[]): Test {
  return (subject) => {
    for (const test of tests) if (test(subject)) return true;
    return false;
  };
}

/** Work of a node relative to others; order in and/or does not change the meaning. */
function cost(query: Query): number {
  switch (query.type) {
    case 'all':
      return 0;
    case 'field':
      return compileRecordField(query.field, query.test) === null ? 6 : 1;
    case 'phrase':
    case 'substring':
      return 3;
    case 'regexp':
      return 8;
    case 'not':
      return cost(query.item);
    case 'and':
    case 'or':
      return query.items.reduce((most, item) => Math.max(most, cost(item)), 0);
  }
}

function cheapFirst(items: Query[]): Query[] {
  return items.toSorted((a, b) => cost(a) - cost(b));
}
