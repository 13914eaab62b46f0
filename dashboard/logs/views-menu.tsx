import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { ApiView, ViewWrite } from '../../api/contract.ts';
import { useClient } from '../client/client.tsx';
import { Button, Labelled } from '../shell/controls.tsx';
import { Icon } from '../shell/icon.tsx';
import { Popover } from '../shell/popover.tsx';
import { useToast } from '../shell/toast.tsx';
import { visible } from '../text/visible.ts';
import { useWords } from '../words/words.tsx';
import { readQueryText } from './query-text.ts';
import { recentQueries } from './recent.ts';
import { type LogsUrl, readLogsUrl, writeLogsUrl } from './url-state.ts';
import styles from './views-menu.module.css';

/** Saved searches: mine and those shared with the team, what was run lately, and the one on screen to be saved. */
export function ViewsMenu(props: { url: LogsUrl; onOpen(url: LogsUrl): void; onQuery(text: string): void }) {
  const { url, onOpen } = props;
  const words = useWords().search.views;
  const client = useClient();
  const [open, setOpen] = useState(false);
  const views = useQuery({
    queryKey: ['views'],
    queryFn: ({ signal }) => client.views(signal),
    staleTime: 60_000,
  });
  const list = views.data ?? [];
  const here = list.find((view) => sameSearch(view, url));
  const control = (
    <Button
      icon="star"
      className={styles.control}
      aria-haspopup="dialog"
      aria-expanded={open}
      aria-label={`${words.label}: ${here === undefined ? words.untitled : visible(here.name)}`}
      onClick={() => setOpen(!open)}
    >
      <span className={styles.name}>{here === undefined ? words.untitled : visible(here.name)}</span>
      <Icon name="caret" size={12} />
    </Button>
  );
  return (
    <Popover
      open={open}
      onClose={() => setOpen(false)}
      label={words.label}
      control={control}
      side="left"
      className={styles.panel}
    >
      <Panel
        list={list}
        here={here}
        {...props}
        onDone={() => setOpen(false)}
        onOpen={(next) => {
          setOpen(false);
          onOpen(next);
        }}
        onQuery={(text) => {
          setOpen(false);
          props.onQuery(text);
        }}
      />
    </Popover>
  );
}

function Panel(props: {
  list: ApiView[];
  here: ApiView | undefined;
  url: LogsUrl;
  onOpen(url: LogsUrl): void;
  onQuery(text: string): void;
  onDone(): void;
}) {
  const { list, here, url } = props;
  const words = useWords().search.views;
  const recent = recentQueries()
    .filter((query) => query !== url.query)
    .slice(0, 6);
  const mine = list.filter((view) => view.mine);
  const others = list.filter((view) => !view.mine);
  return (
    <>
      <div className={styles.lists}>
        <Section title={words.mine} views={mine} here={here} onOpen={props.onOpen} />
        <Section title={words.shared} views={others} here={here} onOpen={props.onOpen} />
        {list.length === 0 && <p className={styles.none}>{words.none}</p>}
        {recent.length > 0 && (
          <section aria-label={words.recent}>
            <h2>{words.recent}</h2>
            {recent.map((query) => (
              <button type="button" key={query} className={styles.row} onClick={() => props.onQuery(query)}>
                <span className="mono">{query}</span>
              </button>
            ))}
          </section>
        )}
      </div>
      <SaveForm url={url} here={here} onDone={props.onDone} />
    </>
  );
}

function Section(props: { title: string; views: ApiView[]; here: ApiView | undefined; onOpen(url: LogsUrl): void }) {
  const all = useWords();
  const words = all.search.views;
  const client = useClient();
  const queries = useQueryClient();
  const [sure, setSure] = useState<string | null>(null);
  const remove = useMutation({
    mutationFn: (id: string) => client.removeView(id),
    onSettled: () => queries.invalidateQueries({ queryKey: ['views'] }),
  });
  if (props.views.length === 0) return null;
  return (
    <section aria-label={props.title}>
      <h2>{props.title}</h2>
      {props.views.map((view) => (
        <div key={view.id} className={styles.item}>
          <button
            type="button"
            className={styles.row}
            aria-current={view.id === props.here?.id ? 'true' : undefined}
            onClick={() => props.onOpen(urlOfView(view))}
          >
            <b>{visible(view.name)}</b>
            <span className="mono">{visible(view.query) || words.everything}</span>
            <small>
              {view.mine ? (view.shared ? words.isShared : words.isPrivate) : visible(view.owner)}
              {view.scope !== undefined && ` · ${visible(view.scope.app)} / ${visible(view.scope.env)}`}
            </small>
          </button>
          {view.mine && (
            <Button
              small
              look={sure === view.id ? 'danger' : 'ghost'}
              icon="trash"
              label={sure === view.id ? undefined : words.remove(visible(view.name))}
              onClick={() => (sure === view.id ? remove.mutate(view.id) : setSure(view.id))}
            >
              {sure === view.id ? words.sure : undefined}
            </Button>
          )}
        </div>
      ))}
    </section>
  );
}

function SaveForm({ url, here, onDone }: { url: LogsUrl; here: ApiView | undefined; onDone(): void }) {
  const all = useWords();
  const words = all.search.views;
  const client = useClient();
  const queries = useQueryClient();
  const toast = useToast();
  const own = here?.mine === true ? here : undefined;
  const [name, setName] = useState(own?.name ?? '');
  const [shared, setShared] = useState(own?.shared ?? false);
  const usual = scopeOf(url.query);
  const [app, setApp] = useState(own?.scope?.app ?? usual.app);
  const [env, setEnv] = useState(own?.scope?.env ?? usual.env);
  const save = useMutation({
    mutationFn: () => {
      const everyone = /^\*?$/.test(app.trim()) && /^\*?$/.test(env.trim());
      const scope = { app: app.trim() || '*', env: env.trim() || '*' };
      const view: ViewWrite = {
        name: name.trim(),
        query: url.query,
        params: paramsOf(url),
        shared,
        ...(shared && !everyone && { scope }),
      };
      return own !== undefined && own.name === view.name ? client.replaceView(own.id, view) : client.addView(view);
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['views'] });
      toast(words.saved);
      onDone();
    },
  });
  return (
    <form
      className={styles.save}
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim() !== '') save.mutate();
      }}
    >
      <Labelled
        label={words.name}
        value={name}
        maxLength={200}
        placeholder={words.namePlaceholder}
        onChange={(event) => setName(event.target.value)}
      />
      <label className={styles.share}>
        <input type="checkbox" checked={shared} onChange={(event) => setShared(event.target.checked)} />
        <span>
          {words.share} <small>{words.shareWhy}</small>
        </span>
      </label>
      {shared && (
        <div className={styles.scope}>
          <Labelled label={words.app} value={app} onChange={(event) => setApp(event.target.value)} />
          <Labelled label={words.env} value={env} onChange={(event) => setEnv(event.target.value)} />
          <small>{words.scopeWhy}</small>
        </div>
      )}
      {save.error !== null && (
        <p role="alert" className={styles.error}>
          {save.error.message}
        </p>
      )}
      <div className={styles.act}>
        <Button small look="ghost" onClick={onDone}>
          {all.cancel}
        </Button>
        <Button small look="primary" type="submit" disabled={name.trim() === '' || save.isPending}>
          {own !== undefined && own.name === name.trim() ? words.update : words.save}
        </Button>
      </div>
    </form>
  );
}

/** Whom a search is about: the app and env it asks for, when it asks for one. */
function scopeOf(query: string): { app: string; env: string } {
  const one = (field: string) => {
    const clause = readQueryText(query).clauses.find((found) => found.field === field && !found.negated);
    return clause?.values?.length === 1 ? clause.values[0] : '*';
  };
  return { app: one('app'), env: one('env') };
}

/** What a view keeps of the address: all but what belongs to one look at it. */
function paramsOf(url: LogsUrl): Record<string, string> {
  const kept: LogsUrl = { ...url, query: '', brush: null, open: null, context: null, find: '', zone: null };
  const search = new URL(writeLogsUrl(kept), 'http://x').searchParams;
  const params: Record<string, string> = {};
  for (const [key, value] of search) params[key] = key in params ? `${params[key]}\n${value}` : value;
  return params;
}

function urlOfView(view: ApiView): LogsUrl {
  const search = new URLSearchParams();
  search.set('query', view.query);
  for (const [key, value] of Object.entries(view.params)) for (const one of value.split('\n')) search.append(key, one);
  return readLogsUrl(search.toString());
}

function sameSearch(view: ApiView, url: LogsUrl): boolean {
  if (view.query !== url.query) return false;
  const params = paramsOf(url);
  const keys = new Set([...Object.keys(params), ...Object.keys(view.params)]);
  return [...keys].every((key) => params[key] === view.params[key]);
}
