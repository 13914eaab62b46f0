import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useClient } from '../client/client.tsx';
import { Frame } from '../shell/frame.tsx';
import { useKeys } from '../shell/keys.ts';
import { useCopy } from '../shell/toast.tsx';
import { useWords } from '../words/words.tsx';
import { KeysHelp } from './keys-help.tsx';
import { useLogsPage } from './page-state.ts';
import type { QueryBoxHandle } from './query-box.tsx';
import { pageLink } from './row-actions.ts';
import { SearchView } from './search-view.tsx';
import { TailView } from './tail-view.tsx';
import { Toolbar } from './toolbar.tsx';

/** The Logs page: what is asked on top, below it a search or a live view. */
export function LogsPage() {
  const page = useLogsPage();
  const words = useWords();
  const client = useClient();
  const copy = useCopy();
  const box = useRef<QueryBoxHandle>(null);
  const [paused, setPaused] = useState(false);
  const [liveSince, setLiveSince] = useState<number | null>(null);
  const { url, change } = page;
  // Looked at often only while nothing has been written yet: the first line shows up by itself.
  const hosts = useQuery({
    queryKey: ['hosts', 'first run'],
    queryFn: ({ signal }) => client.hosts(signal),
    refetchInterval: (query) =>
      query.state.data?.items.every((host) => host.lastLineAt === null) === false ? false : 2000,
  });
  const lines = hosts.data?.items.some((host) => host.lastLineAt !== null) ?? false;
  useRunAgainOnFirstLine(lines, hosts.data !== undefined, page.again);
  useEffect(() => setLiveSince(url.live ? client.nowUs() : null), [url.live, client]);

  useKeys({
    '/': () => box.current?.focus(),
    w: page.toggleWrap,
    u: page.toggleZone,
    f: page.toggleFacets,
    '?': () => page.setHelp(!page.help),
    r: page.again,
  });
  const goLive = () => change({ live: !url.live, open: null, context: null, brush: null });

  return (
    <Frame title={url.query === '' ? words.logs.title : url.query.slice(0, 60)}>
      <h1 className="sr">{words.logs.title}</h1>
      <Toolbar
        url={url}
        range={page.run.range}
        zone={page.zone}
        nowUs={page.nowUs}
        parser={page.parser}
        refused={page.refused}
        running={page.running && !url.live}
        empty={page.empty && !url.live}
        filters={page.wide || url.live ? null : page.activeFilters}
        paused={paused}
        liveSince={liveSince}
        box={box}
        onRun={page.runQuery}
        onStop={page.stop}
        onFilters={page.toggleFacets}
        onRange={(range) => page.apply({ range, brush: null, live: false })}
        onZone={page.setZone}
        onShift={page.shift}
        onZoomOut={page.zoomOut}
        onLive={goLive}
        onCopyLink={() => copy(pageLink(url, page.run.range, page.zone), words.logs.rows.linkCopied)}
      />
      {url.live ? <TailView page={page} onPaused={setPaused} /> : <SearchView page={page} hosts={hosts.data?.items} />}
      {page.help && <KeysHelp onClose={() => page.setHelp(false)} />}
    </Frame>
  );
}

/** Runs once more when the very first line of all has come. */
function useRunAgainOnFirstLine(lines: boolean, known: boolean, again: () => void) {
  const before = useRef<boolean | null>(null);
  useEffect(() => {
    if (!known) return;
    if (before.current === false && lines) again();
    before.current = lines;
  }, [lines, known, again]);
}
