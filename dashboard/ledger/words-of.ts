import type { FleetWords } from '../words/en-fleet.ts';
import { fileName, type LedgerRow } from './rows.ts';

/** A code of the API in the page's words; one that a later server made speaks for itself. */
function said(words: Record<string, string>, code: string): string {
  return Object.hasOwn(words, code) ? words[code] : code.replaceAll('_', ' ');
}

export const causeText = (cause: string, words: FleetWords): string => said(words.fleet.cause, cause);
export const reasonText = (reason: string, words: FleetWords): string => said(words.fleet.dropped, reason);
export const reasonWhy = (reason: string, words: FleetWords): string =>
  Object.hasOwn(words.ledger.dropReason, reason) ? said(words.ledger.dropReason, reason) : '';
export const stateText = (state: string, words: FleetWords): string => said(words.ledger.states, state);

/** What a row is called: the instance of a file, an app with its env, a host. */
export function nameOf(row: LedgerRow): { title: string; rest: string } {
  const { source } = row.files[0].item;
  if (row.group === 'host') return { title: source.host, rest: '' };
  if (row.group === 'app') return { title: source.app, rest: source.env };
  return {
    title: source.instance || source.containerName || fileName(source.path),
    rest: `${source.app} / ${source.env} · ${source.host} · ${fileName(source.path) || source.reader}`,
  };
}
