import { createContext, type ReactNode, useContext } from 'react';
import { usePreferences } from '../shell/preferences.tsx';
import { en, type Words } from './en.ts';
import { zh } from './zh.ts';

const WordsContext = createContext<Words>(en);

/** Gives every component below the dictionary of the chosen language. */
export function WordsProvider({ children }: { children: ReactNode }) {
  const { language } = usePreferences();
  return <WordsContext value={language === 'zh' ? zh : en}>{children}</WordsContext>;
}

export function useWords(): Words {
  return useContext(WordsContext);
}
