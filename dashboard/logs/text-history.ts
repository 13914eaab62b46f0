/** Texts of the query field for undo and redo, whoever wrote them: the typist, a completion, a filter. */
export interface TextHistory {
  /** `joined`: one more letter of the same word, undone together with it. */
  push(text: string, caret: number, joined: boolean): void;
  undo(): Step | null;
  redo(): Step | null;
}
export interface Step {
  text: string;
  caret: number;
}

const MOST = 200;

export function createTextHistory(first: string): TextHistory {
  let steps: Step[] = [{ text: first, caret: first.length }];
  let at = 0;
  let joining = false;
  return {
    push(text, caret, joined) {
      if (text === steps[at].text) return;
      const replace = joined && joining && at > 0;
      steps = [...steps.slice(0, replace ? at : at + 1), { text, caret }].slice(-MOST);
      at = steps.length - 1;
      joining = joined;
    },
    undo() {
      joining = false;
      if (at === 0) return null;
      at -= 1;
      return steps[at];
    },
    redo() {
      joining = false;
      if (at + 1 >= steps.length) return null;
      at += 1;
      return steps[at];
    },
  };
}
