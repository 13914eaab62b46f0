import { useCallback, useEffect, useRef, useState } from 'react';
import { useClient } from '../client/client.tsx';
import { count } from '../format/number.ts';
import { absolute } from '../format/range.ts';
import { isoTime } from '../format/time.ts';
import { Key } from '../shell/controls.tsx';
import { Icon } from '../shell/icon.tsx';
import { useKeys } from '../shell/keys.ts';
import { useCopy } from '../shell/toast.tsx';
import { useWords } from '../words/words.tsx';
import { ContextDrawer } from './context-drawer.tsx';
import { Footer } from './footer.tsx';
import styles from './page.module.css';
import type { LogsPage } from './page-state.ts';
import { Pinned } from './pinned.tsx';
import { pageLink, useRowActions } from './row-actions.ts';
import { RowList, type RowListHandle } from './row-list.tsx';
import { TailBar } from './tail-bar.tsx';
import { TailHistogram } from './tail-histogram.tsx';
import { TailRefused } from './tail-refused.tsx';
import { useRowView } from './use-row-view.ts';
import { type PauseCause, type TailState, useTail } from './use-tail.ts';
import { type WordAt, WordMenu } from './word-menu.tsx';

/** Nearer to the bottom than this counts as being there, px. */
const AT_END = 24;

/** Lines as they are written, newest at the bottom. What the reader does with them pauses the view; nothing moves then. */
export function TailView({ page, onPaused }: { page: LogsPage; onPaused(paused: boolean): void }) {
  const { url, change, zone } = page;
  const words = useWords();
  const client = useClient();
  const copy = useCopy();
  const list = useRef<RowListHandle>(null);
  const tail = useTail(url.query, client.nowUs);
  const [columns, setColumns] = useState(100);
  const [focus, setFocus] = useState<string | null>(null);
  const now = client.nowUs();
  const range = { from: now - 900e6, to: now };
  const view = useRowView(page, columns);
  const { items } = tail;
  const [word, setWord] = useState<WordAt | null>(null);
  const closeWord = useCallback(() => setWord(null), []);
  const follow = useRef(true);
  follow.current = tail.paused === null;
  const { pause: pauseTail } = tail;
  const pause = useCallback(
    (cause: PauseCause) => {
      follow.current = false;
      pauseTail(cause);
    },
    [pauseTail],
  );
  const actions = useRowActions({
    url,
    range,
    zone,
    write: page.write,
    change,
    onRun: page.runQuery,
    onFocus: setFocus,
    onOpen: (id) => id !== null && pause('open'),
    onRange: (next, line) => page.apply({ range: next, open: line, live: false }),
    onPin: page.togglePin,
    onWord: (text, x, y) => {
      pause('selection');
      setWord({ text, x, y });
    },
  });
  const resume = () => {
    window.getSelection()?.removeAllRanges();
    if (url.open !== null) change({ open: null }, 'replace');
    tail.resume();
    list.current?.scrollToEnd();
  };
  useEffect(() => onPaused(tail.paused !== null), [tail.paused, onPaused]);
  usePauseOnSelection(pause);
  const toggle = () => (tail.paused === null ? pause('key') : resume());
  useKeys({
    p: toggle,
    End: resume,
    G: resume,
    c: () => (focus === null ? false : change({ context: focus })),
    Esc: () => {
      if (page.escape()) return;
      if (url.context !== null) change({ context: null });
      else if (url.open !== null) change({ open: null }, 'replace');
      else change({ live: false });
    },
  });
  const { figures } = tail;
  const openAsSearch = () => change({ live: false, open: null, range: { from: 'now-15m', to: 'now' } });

  return (
    <>
      <div className={[styles.body, styles.folded, url.context !== null && styles.drawer].filter(Boolean).join(' ')}>
        <section className={styles.stream}>
          <TailBar tail={tail} page={page} onToggle={toggle} onSearch={openAsSearch} />
          {tail.connection !== 'refused' && (
            <TailHistogram
              query={url.query}
              zone={zone}
              narrow={page.narrow}
              paused={tail.paused !== null}
              onRange={(picked) => page.apply({ live: false, range: absolute(picked), brush: null })}
            />
          )}
          {page.pinned.length > 0 && <Pinned page={page} onOpen={(record) => actions.context(record.id)} />}
          {tail.connection === 'refused' ? (
            <TailRefused query={url.query} onAgain={tail.again} />
          ) : tail.items.length === 0 ? (
            <div className={styles.waiting}>
              {tail.connection === 'open' ? words.logs.tail.waiting : words.logs.tail.connecting}
            </div>
          ) : (
            <RowList
              label={words.logs.rows.label}
              items={items}
              rowCount={-1}
              view={view}
              actions={actions}
              focus={focus}
              open={url.open}
              live
              follow={follow}
              onScroll={(fromEnd, _, byReader) => {
                if (tail.paused === null && byReader && fromEnd > AT_END) pause('scroll');
                else if (tail.paused?.cause === 'scroll' && fromEnd < AT_END && figures.waiting === 0) resume();
              }}
              onColumns={setColumns}
              handle={list}
            />
          )}
          {tail.paused !== null && figures.waiting > 0 && (
            <button type="button" className={`${styles.newpill} num`} onClick={resume}>
              <Icon name="down" size={15} />
              {words.logs.tail.fresh(count(figures.waiting))}
              {(figures.waitingErrors > 0 || figures.waitingWarnings > 0) && (
                <small>
                  {figures.waitingErrors > 0 && <span>{words.logs.tail.errors(count(figures.waitingErrors))}</span>}
                  {figures.waitingWarnings > 0 && (
                    <span>{words.logs.tail.warnings(count(figures.waitingWarnings))}</span>
                  )}
                </small>
              )}
              <Key name="End" />
            </button>
          )}
        </section>
        {url.context !== null && (
          <ContextDrawer
            key={url.context}
            id={url.context}
            scope={url.scope}
            find={url.find}
            zone={zone}
            onScope={(scope) => change({ scope }, 'replace')}
            onFind={(find) => change({ find }, 'replace')}
            onClose={() => change({ context: null, find: '' })}
            onCopyLink={() =>
              copy(
                pageLink(
                  { ...url, live: false, range: { from: isoTime(range.from), to: isoTime(range.to) } },
                  range,
                  zone,
                ),
              )
            }
          />
        )}
      </div>
      {word !== null && <WordMenu word={word} actions={actions} onClose={closeWord} />}
      <Footer
        live
        completeTo={tail.completeTo}
        gaps={[]}
        zone={zone}
        to={now}
        nowUs={now}
        middle={words.logs.tail.sum(
          count(figures.shown),
          count(figures.waiting),
          count(figures.skipped),
          count(figures.shown + figures.waiting + figures.skipped),
        )}
        right={figures.left > 0 ? words.logs.tail.older(count(figures.left)) : null}
      />
    </>
  );
}

function usePauseOnSelection(pause: TailState['pause']) {
  useEffect(() => {
    const onChange = () => {
      const selection = window.getSelection();
      if (selection === null || selection.isCollapsed) return;
      const node = selection.anchorNode;
      const element = node instanceof HTMLElement ? node : node?.parentElement;
      if (element?.closest('[role="log"]') != null) pause('selection');
    };
    document.addEventListener('selectionchange', onChange);
    return () => document.removeEventListener('selectionchange', onChange);
  }, [pause]);
}
