import type { FleetWords } from '../words/en-fleet.ts';
import { type End, isOrderly } from './end.ts';

/** How a container ended, in sentences: what ended it, what that means, who asked, what became of it. `asked` is null when not known. */
export function endSentences(end: End, asked: boolean | null, restarting: boolean, words: FleetWords): string[] {
  const say = words.containers.end;
  const code = end.code === null ? '' : say.code(end.code);
  const said: string[] = [];
  if (end.kind === 'oom') said.push(say.oom(code));
  else if (end.kind === 'signal')
    said.push(say.signal(end.signal ?? '', code), ...whyOf(end.signal ?? '', asked, words));
  else if (end.kind === 'untold') said.push(say.untold);
  else said.push(say[end.kind](code));
  if (asked === true) said.push(say.asked);
  // Somebody's stop ends most containers; that nobody asked is news only where a signal came from somewhere.
  else if (asked === false && end.kind === 'signal') said.push(say.notAsked);
  if (restarting) said.push(say.restarting);
  if (end.successor !== null) {
    const { name, version } = end.successor;
    const replaced = say.replaced(name, version === '' ? '' : say.version(version));
    said.push(end.removed ? `${say.removedBy} ${replaced}` : replaced);
  } else if (end.removed) said.push(say.removed);
  return said;
}

/** A forced end after a stop was the stop's own doing, so guesses about other causes would mislead. */
function whyOf(signal: string, asked: boolean | null, words: FleetWords): string[] {
  const why = words.containers.end.why;
  if (asked === true && signal !== 'SIGKILL') return [];
  return Object.hasOwn(why, signal) ? [why[signal as keyof typeof why]] : [];
}

/** Beside the state, in two or three words; '' when the state says it all. */
export function shortEnd(end: End | null, words: FleetWords): string {
  if (end === null) return '';
  const say = words.containers.short;
  const how =
    end.kind === 'oom'
      ? say.oom
      : end.signal !== null
        ? say.signal(end.signal)
        : end.code === null
          ? ''
          : say.exit(end.code);
  // What took its place is the news, unless it ended badly.
  const by = end.successor === null || end.successor.version === '' ? '' : say.replaced(end.successor.version);
  if (by !== '' && (end.kind === 'clean' || isOrderly(end.code))) return by;
  return [how, by].filter((part) => part !== '').join(', ');
}
