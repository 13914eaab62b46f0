import type { Level } from '../../model/level.ts';
import type { Io, Output } from '../command.ts';

/** Paints text, or leaves it as it is where colour is not wanted. */
export interface Palette {
  /** False where nothing is painted. */
  paints: boolean;
  level(level: Level | null, text: string): string;
  /** One of twelve colours, the same for a name on every run. */
  name(name: string, text: string): string;
  dim(text: string): string;
  bold(text: string): string;
  match(text: string): string;
  good(text: string): string;
  warn(text: string): string;
  bad(text: string): string;
}

/** Colour on a terminal, unless NO_COLOR is set (no-color.org); FORCE_COLOR paints into pipes too. */
export function paletteFor(output: Output, env: Io['env']): Palette {
  const forced = env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '' && env.FORCE_COLOR !== '0';
  const wanted = env.NO_COLOR ? false : forced || (output.isTTY === true && env.TERM !== 'dumb');
  return wanted ? painted : plain;
}

const code = (open: string, close: string) => (text: string) => `\x1b[${open}m${text}\x1b[${close}m`;
// Of the 256-colour cube: readable on black and on white, far from the red and yellow that mean levels.
const NAMES = [33, 37, 63, 71, 97, 101, 107, 109, 132, 136, 139, 172].map((n) => code(`38;5;${n}`, '39'));
const LEVELS: Record<Level, (text: string) => string> = {
  trace: code('2', '22'),
  debug: code('2', '22'),
  info: code('36', '39'),
  warn: code('33', '39'),
  error: code('31', '39'),
  fatal: code('1;31', '22;39'),
};

const painted: Palette = {
  paints: true,
  level: (level, text) => (level === null ? text : LEVELS[level](text)),
  name: (name, text) => NAMES[hash(name) % NAMES.length](text),
  dim: code('2', '22'),
  bold: code('1', '22'),
  match: code('7', '27'),
  good: code('32', '39'),
  warn: code('33', '39'),
  bad: code('31', '39'),
};

const same = (text: string) => text;
const plain: Palette = {
  paints: false,
  level: (_, text) => text,
  name: (_, text) => text,
  dim: same,
  bold: same,
  match: same,
  good: same,
  warn: same,
  bad: same,
};

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}
