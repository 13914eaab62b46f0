import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react';
import type { Zone } from '../format/time.ts';

export type Language = 'en' | 'zh';
export type Theme = 'system' | 'light' | 'dark';

export interface Preferences {
  language: Language;
  theme: Theme;
  zone: Zone;
  /** The filter column is folded. */
  folded: boolean;
  set(change: Partial<Pick<Preferences, 'language' | 'theme' | 'zone' | 'folded'>>): void;
}

/** Also read by public/theme.js before the first paint. */
const KEY = 'fleetlog.preferences';
const PreferencesContext = createContext<Preferences | null>(null);

/** Choices of this browser, kept in its storage; `data-theme` and `lang` of the page follow them. */
export function PreferencesProvider({ children }: { children: ReactNode }) {
  const [kept, setKept] = useState(readKept);
  useEffect(() => {
    const root = document.documentElement;
    if (kept.theme === 'system') delete root.dataset.theme;
    else root.dataset.theme = kept.theme;
    root.lang = kept.language === 'zh' ? 'zh-CN' : 'en';
    try {
      localStorage.setItem(KEY, JSON.stringify(kept));
    } catch {
      // Storage is full or blocked: the choice holds for this page only.
    }
  }, [kept]);
  const value = useMemo<Preferences>(
    () => ({ ...kept, set: (change) => setKept((before) => ({ ...before, ...change })) }),
    [kept],
  );
  return <PreferencesContext value={value}>{children}</PreferencesContext>;
}

export function usePreferences(): Preferences {
  const value = useContext(PreferencesContext);
  if (value === null) throw new Error('cannot read preferences outside their provider');
  return value;
}

function readKept(): { language: Language; theme: Theme; zone: Zone; folded: boolean } {
  let kept: Partial<Record<string, unknown>> = {};
  try {
    kept = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Record<string, unknown>>;
  } catch {
    kept = {};
  }
  const language = kept.language === 'zh' || kept.language === 'en' ? kept.language : null;
  return {
    language: language ?? (navigator.language.startsWith('zh') ? 'zh' : 'en'),
    theme: kept.theme === 'light' || kept.theme === 'dark' ? kept.theme : 'system',
    zone: kept.zone === 'utc' ? 'utc' : 'local',
    folded: kept.folded === true,
  };
}
