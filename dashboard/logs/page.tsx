import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useClient } from '../client/client.tsx';
import { PRESETS } from '../format/range.ts';
import { Frame } from '../shell/frame.tsx';
import { useKeys } from '../shell/keys.ts';
import { useCommands } from '../shell/palette.tsx';
import { useCopy } from '../shell/toast.tsx';
import { useWords } from '../words/words.tsx';
import { useMarks } from './data.ts';
import { KeysHelp } from './keys-help.tsx';
import { useLogsPage } from './page-state.ts';
import type { QueryBoxHandle } from './query-box.tsx';
import { recentQueries } from './recent.ts';
import { pageLink } from './row-actions.ts';
import { SearchView } from './search-view.tsx';
import { presetText } from './sentences.ts';
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
  const marks = useMarks(page.run, !url.live);
  const lastDeploy = marks.findLast((mark) => mark.kind === 'deploy')?.time ?? null;
  const link = () => copy(pageLink(url, page.run.range, page.zone), words.logs.rows.linkCopied);
  const goLive = () => change({ live: !url.live, open: null, context: null, brush: null });
  useCommands([
    { id: 'query', title: words.logs.keys['/'], icon: 'search', key: '/', run: () => box.current?.focus() },
    {
      id: 'live',
      title: url.live ? words.logs.tail.stop : words.logs.tail.live,
      icon: 'play',
      also: 'tail',
      run: goLive,
    },
    {
      id: 'export',
      title: words.logs.export,
      icon: 'export',
      also: 'download 下载',
      run: () => page.setExporting(true),
    },
    { id: 'link', title: words.logs.copyLink, icon: 'link', also: 'share 分享', run: link },
    { id: 'wrap', title: words.logs.rows.wrap, icon: 'wrap', key: 'w', run: page.toggleWrap },
    { id: 'zone', title: words.logs.keys.u, icon: 'clock', key: 'u', also: 'utc time zone', run: page.toggleZone },
    { id: 'filters', title: words.logs.keys.f, icon: 'filter', key: 'f', run: page.toggleFacets },
    {
      id: 'compare',
      title: words.search.histogram.compareWhy,
      icon: 'explain',
      run: () => change({ compare: !url.compare }),
    },
    ...(['lines', 'patterns', 'explain'] as const).map((tab) => ({
      id: `tab ${tab}`,
      title: words.search.tabs[tab],
      icon: tab === 'lines' ? 'logs' : tab,
      also: tab,
      run: () => change({ tab, live: false }),
    })),
    ...PRESETS.map((preset) => ({
      id: `range ${preset}`,
      title: presetText(preset, words),
      icon: 'clock',
      also: preset,
      run: () => page.setRange({ from: `now-${preset}`, to: 'now' }),
    })),
    { id: 'keys', title: words.logs.keys.title, icon: 'keyboard', key: '?', run: () => page.setHelp(true) },
    ...recentQueries()
      .slice(0, 8)
      .map((query) => ({
        id: `query ${query}`,
        title: words.search.palette.recent(query),
        icon: 'search',
        run: () => page.runQuery(query),
      })),
  ]);

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
        seen={page.seen}
        total={page.total}
        exporting={page.exporting}
        lastDeploy={lastDeploy}
        onExport={page.setExporting}
        onOpenView={page.openUrl}
        onRun={page.runQuery}
        onStop={page.stop}
        onFilters={page.toggleFacets}
        onRange={(range) => page.apply({ range, brush: null, live: false })}
        onZone={page.setZone}
        onShift={page.shift}
        onZoomOut={page.zoomOut}
        onLive={goLive}
        onCopyLink={link}
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
