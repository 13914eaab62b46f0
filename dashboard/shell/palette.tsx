import { createContext, type ReactNode, useContext, useEffect, useMemo, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { visible } from '../text/visible.ts';
import { useWords } from '../words/words.tsx';
import { type Command, type Commands, createCommands } from './commands.ts';
import { Icon, type IconName } from './icon.tsx';
import styles from './palette.module.css';
import { usePreferences } from './preferences.tsx';

const CommandsContext = createContext<Commands>(createCommands());
export const CommandsProvider = CommandsContext;

/** What a page can do, offered in the palette while the page is there. */
export function useCommands(commands: Command[]): void {
  const registry = useContext(CommandsContext);
  const latest = useRef(commands);
  latest.current = commands;
  useEffect(() => registry.add(() => latest.current), [registry]);
}

/** Ctrl+K (⌘K): every page, every command of this page, found by any part of its words. */
export function PaletteHost({ children }: { children: ReactNode }) {
  const [commands] = useState(createCommands);
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey || event.key.toLowerCase() !== 'k')
        return;
      event.preventDefault();
      setOpen((before) => !before);
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
  return (
    <CommandsContext value={commands}>
      {children}
      {open && <Palette commands={commands} onClose={() => setOpen(false)} />}
    </CommandsContext>
  );
}

function Palette({ commands, onClose }: { commands: Commands; onClose(): void }) {
  const words = useWords().search.palette;
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const general = useGeneral();
  const all = useMemo(() => [...commands.all(), ...general], [commands, general]);
  const found = useMemo(() => matching(all, text), [all, text]);
  const input = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const back = document.activeElement;
    input.current?.focus();
    return () => {
      if (back instanceof HTMLElement && back.isConnected) back.focus({ preventScroll: true });
    };
  }, []);
  useEffect(() => {
    list.current?.querySelector(`[id="command-${at}"]`)?.scrollIntoView({ block: 'nearest' });
  }, [at]);
  const run = (command: Command | undefined) => {
    if (command === undefined) return;
    onClose();
    // After the palette gave the focus back, so that a command may move it.
    setTimeout(command.run);
  };
  return (
    <div className={styles.over}>
      <button type="button" className={styles.shade} tabIndex={-1} aria-hidden="true" onClick={onClose} />
      <div role="dialog" aria-modal="true" aria-label={words.label} className={styles.panel}>
        <div className={styles.field}>
          <Icon name="search" />
          <input
            ref={input}
            role="combobox"
            aria-label={words.label}
            aria-expanded="true"
            aria-controls="commands"
            aria-activedescendant={found.length > 0 ? `command-${at}` : undefined}
            placeholder={words.placeholder}
            value={text}
            spellCheck={false}
            onChange={(event) => {
              setText(event.target.value);
              setAt(0);
            }}
            onKeyDown={(event) => {
              if (event.nativeEvent.isComposing) return;
              if (event.key === 'ArrowDown') setAt(Math.min(found.length - 1, at + 1));
              else if (event.key === 'ArrowUp') setAt(Math.max(0, at - 1));
              else if (event.key === 'Enter') run(found[at]);
              else if (event.key === 'Escape') onClose();
              else if (event.key !== 'Tab') return;
              event.preventDefault();
              event.stopPropagation();
            }}
          />
        </div>
        <div role="listbox" id="commands" aria-label={words.label} className={styles.list} ref={list}>
          {found.map((command, index) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the combobox moves through the list by arrows
            // biome-ignore lint/a11y/useFocusableInteractive: focus stays in the field, aria-activedescendant points here
            <div
              key={command.id}
              id={`command-${index}`}
              role="option"
              aria-selected={index === at}
              onPointerMove={() => index !== at && setAt(index)}
              onClick={() => run(command)}
            >
              <Icon name={command.icon as IconName} size={14} />
              <span>{visible(command.title)}</span>
              {command.key !== undefined && (
                <small aria-hidden="true">
                  {command.key.split(' ').map((one, place) => (
                    // biome-ignore lint/suspicious/noArrayIndexKey: g g is twice the same key
                    <kbd key={place}>{one}</kbd>
                  ))}
                </small>
              )}
            </div>
          ))}
          {found.length === 0 && <p>{words.none}</p>}
        </div>
      </div>
    </div>
  );
}

/** Commands whose words hold every typed word; those that begin with the text first. */
function matching(all: Command[], text: string): Command[] {
  const parts = text.toLowerCase().split(/\s+/).filter(Boolean);
  const words = (command: Command) => `${command.title} ${command.also ?? ''}`.toLowerCase();
  const found = all.filter((command) => parts.every((part) => words(command).includes(part)));
  const begins = (command: Command) => (command.title.toLowerCase().startsWith(text.toLowerCase()) ? 0 : 1);
  return found.toSorted((a, b) => begins(a) - begins(b)).slice(0, 60);
}

/** Pages, language and theme: everywhere. */
function useGeneral(): Command[] {
  const words = useWords();
  const preferences = usePreferences();
  const [, navigate] = useLocation();
  return useMemo(() => {
    const page = (path: string, title: string, icon: IconName, key: string): Command => ({
      id: path,
      title: words.search.palette.goTo(title),
      icon,
      key,
      also: path,
      run: () => navigate(path),
    });
    const language = preferences.language === 'zh' ? 'en' : 'zh';
    return [
      page('/logs', words.nav.logs, 'logs', 'g l'),
      page('/containers', words.nav.containers, 'containers', 'g c'),
      page('/ledger', words.nav.ledger, 'ledger', 'g b'),
      page('/settings', words.nav.settings, 'settings', 'g s'),
      {
        id: 'language',
        title: words.search.palette.language,
        icon: 'settings',
        also: 'language 中文 english 语言',
        run: () => preferences.set({ language }),
      },
      ...(['light', 'dark', 'system'] as const)
        .filter((theme) => theme !== preferences.theme)
        .map(
          (theme): Command => ({
            id: `theme ${theme}`,
            title: words.search.palette.theme[theme],
            icon: 'settings',
            also: `theme ${theme}`,
            run: () => preferences.set({ theme }),
          }),
        ),
    ];
  }, [words, preferences, navigate]);
}
