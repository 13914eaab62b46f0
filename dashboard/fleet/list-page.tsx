import type { ComponentProps, ReactNode } from 'react';
import { isoTime } from '../format/time.ts';
import { Frame } from '../shell/frame.tsx';
import { usePreferences } from '../shell/preferences.tsx';
import { Failed, Skeleton } from '../shell/state.tsx';
import { Command } from './command.tsx';
import styles from './list.module.css';
import { Chips, FilterField, ListStatus, Nothing } from './list-head.tsx';
import type { ListState } from './use-list-page.ts';

/** The frame of a list: filter, chips, how many; in place of rows what failed, that they come, or that there are none. */
export function ListPage(props: {
  list: ListState<unknown>;
  words: {
    title: string;
    search: string;
    picks: string;
    all: string;
    empty: string;
    emptyHint: string;
    doctor: string;
  };
  /** Fields that may be typed. */
  fields: readonly string[];
  /** Between filter and chips. */
  beside?: ReactNode;
  chips: ComponentProps<typeof Chips>['options'];
  /** Rows the filter leaves, whatever chips are pressed. */
  found: number;
  /** Rows there are, or null before the first answer. */
  known: number | null;
  summary(known: number): string;
  /** Letting go of the rows would move them. */
  waiting: boolean;
  children: ReactNode;
}) {
  const { list, words, known } = props;
  const { asked } = list;
  const { zone } = usePreferences();
  return (
    <Frame title={words.title}>
      <div className={styles.page}>
        <header className={styles.head}>
          <h1>{words.title}</h1>
          <FilterField
            value={list.filter}
            label={words.search}
            fields={props.fields}
            field={list.field}
            onChange={list.onFilter}
          />
          {props.beside}
          <Chips
            label={words.picks}
            all={words.all}
            total={props.found}
            picks={list.url.picks}
            options={props.chips}
            onChange={(picks) => list.change({ picks }, 'push')}
          />
        </header>
        {known !== null && (
          <ListStatus
            summary={props.summary(known)}
            staleSince={asked.error === null ? null : isoTime(asked.dataUpdatedAt * 1000)}
            waiting={list.held && props.waiting}
            zone={zone}
            now={list.now}
            onAgain={() => asked.refetch()}
            onOrder={list.onOrder}
          />
        )}
        {asked.error !== null && known === null ? (
          <Failed error={asked.error} onAgain={() => asked.refetch()} />
        ) : known === null ? (
          <Skeleton />
        ) : known === 0 ? (
          <Nothing title={words.empty} hint={words.emptyHint}>
            <p>{words.doctor}</p>
            <Command text="npx fleetlog doctor" />
          </Nothing>
        ) : (
          props.children
        )}
      </div>
    </Frame>
  );
}
