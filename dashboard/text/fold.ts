/** Lines of a joined trace shown before it is unfolded; the rest is "31 more lines". */
const SHOWN = 5;
const FRAME = /^\s*(at\s|File "|\.\.\. \d+ more|goroutine |\/.*:\d+ \+0x)/;
const CAUSE = /^(Caused by:|Suppressed:|panic:|\S*(Exception|Error)\b)/;
const LIBRARY =
  /^\s*at\s+(?:(?:java|javax|jdk|sun|com\.sun|kotlin|scala|org\.(?:springframework|apache|hibernate|jboss|eclipse)|io\.(?:netty|undertow|reactivex)|reactor|System|Microsoft)\.|.*(?:node:internal|node_modules\/))/;

/** True for frames of the platform or a framework: they are dimmed and fold first. */
export function isLibraryFrame(line: string): boolean {
  return LIBRARY.test(line);
}

/** How many lines of so many are shown while folded; rows know their height by it without being measured. */
export function shownLines(lines: number): number {
  return lines <= SHOWN + 1 ? lines : SHOWN;
}

export interface Fold {
  /** Indexes of the lines shown, ascending. */
  shown: number[];
  hidden: number;
}

/** Which lines of a joined record to show: message, causes, the app's own frames, the first line with a hit; then whatever comes first. */
export function foldLines(lines: string[], hasHit: (line: string) => boolean, most = SHOWN): Fold {
  if (lines.length <= most + 1) return { shown: lines.map((_, index) => index), hidden: 0 };
  const chosen = new Set<number>([0]);
  const add = (index: number) => {
    if (index > 0 && chosen.size < most) chosen.add(index);
  };
  add(lines.findIndex((line) => CAUSE.test(line)));
  add(lines.findIndex((line, index) => index > 0 && hasHit(line)));
  add(lines.findLastIndex((line) => /^Caused by:/.test(line)));
  for (let i = 1; i < lines.length; i += 1) {
    if (FRAME.test(lines[i]) && !isLibraryFrame(lines[i])) add(i);
    if (chosen.size >= most - 1) break;
  }
  for (let i = 1; i < lines.length && chosen.size < most; i += 1) add(i);
  const shown = Array.from(chosen).sort((a, b) => a - b);
  return { shown, hidden: lines.length - shown.length };
}
