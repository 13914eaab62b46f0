import { useState } from 'react';
import { isRelative, readMoment } from '../format/moment.ts';
import { PRESETS, presetOf, type Range, type RangeText, resolveRange } from '../format/range.ts';
import { clockText, dayText, fractionText, isoTime, shortText, type Zone, zoneName } from '../format/time.ts';
import { Button, Labelled, Segments } from '../shell/controls.tsx';
import { Icon } from '../shell/icon.tsx';
import { Popover } from '../shell/popover.tsx';
import type { Words } from '../words/en.ts';
import { useWords } from '../words/words.tsx';
import { presetText, presetWords } from './sentences.ts';
import styles from './time-box.module.css';

interface TimeBoxProps {
  text: RangeText;
  range: Range;
  zone: Zone;
  nowUs: number;
  /** `since 10:24:57` while live, in place of a range. */
  live: string | null;
  /** µs of the last deploy of what is searched, null when none is known. */
  lastDeploy: number | null;
  onRange(text: RangeText): void;
  onZone(zone: Zone): void;
  onShift(direction: -1 | 1): void;
  onZoomOut(): void;
}

const MINUTE = 60e6;

/** ‹ range › −: words and the resolved range; a panel with presets, typed times and the zone. */
export function TimeBox(props: TimeBoxProps) {
  const words = useWords();
  const [open, setOpen] = useState(false);
  const text = words.logs.time;
  const control = (
    <Button
      icon="clock"
      aria-haspopup="dialog"
      aria-expanded={open}
      className={styles.range}
      onClick={() => setOpen(!open)}
    >
      <span>
        <span className="sr">{text.label}: </span>
        {props.live === null ? rangeTitle(props, words) : words.logs.tail.live}
        {props.live !== null && <small> {props.live}</small>}
        {props.live === null && presetOf(props.text) !== null && (
          <small>
            {' '}
            {clockText(props.range.from, props.zone)} – {clockText(props.range.to, props.zone)}
          </small>
        )}
      </span>
    </Button>
  );
  return (
    <span className={styles.box}>
      <Button icon="left" label={text.earlier} disabled={props.live !== null} onClick={() => props.onShift(-1)} />
      <Popover open={open} onClose={() => setOpen(false)} label={text.label} control={control}>
        <Panel {...props} onClose={() => setOpen(false)} />
      </Popover>
      <Button
        icon="right"
        label={text.later}
        disabled={props.live !== null || props.range.to >= props.nowUs}
        onClick={() => props.onShift(1)}
      />
      <Button icon="zoomOut" label={text.zoomOut} disabled={props.live !== null} onClick={props.onZoomOut} />
    </span>
  );
}

/** What the button says: `Last 1 h`, or both ends. */
export function rangeTitle(props: Pick<TimeBoxProps, 'text' | 'range' | 'zone' | 'nowUs'>, words: Words): string {
  const preset = presetOf(props.text);
  if (preset !== null) return presetText(preset, words);
  if (props.text.from === 'today' && props.text.to === 'now') return words.logs.time.today;
  const { from, to } = props.range;
  const sameDay = dayText(from, props.zone) === dayText(to, props.zone);
  // Whole minutes need no seconds; a phone has no room for zeros.
  const brief = (time: string) => (from % MINUTE === 0 && to % MINUTE === 0 ? time.slice(0, -3) : time);
  const end = sameDay ? clockText(to, props.zone) : shortText(to, props.zone, props.nowUs);
  return `${brief(shortText(from, props.zone, props.nowUs))} – ${brief(end)}`;
}

/** The range inside a sentence: `in the last 1 h`. */
export function rangePhrase(props: Pick<TimeBoxProps, 'text' | 'range' | 'zone' | 'nowUs'>, words: Words): string {
  const preset = presetOf(props.text);
  return preset !== null
    ? words.logs.empty.inLast(presetWords(preset))
    : words.logs.empty.between(rangeTitle(props, words));
}

function Panel(props: TimeBoxProps & { onClose(): void }) {
  const words = useWords();
  const text = words.logs.time;
  const [from, setFrom] = useState(() => editable(props.text.from, props.zone));
  const [to, setTo] = useState(() => editable(props.text.to, props.zone));
  const resolved = resolveRange({ from, to }, props.nowUs, props.zone);
  const choose = (range: RangeText) => {
    props.onRange(range);
    props.onClose();
  };
  const apply = () => {
    if ('bad' in resolved) return;
    choose({ from: absoluteText(from, props), to: absoluteText(to, props) });
  };
  return (
    <div className={styles.panel}>
      <div className={styles.presets}>
        <h2>{text.relative}</h2>
        {PRESETS.map((preset) => (
          <button
            type="button"
            key={preset}
            aria-pressed={presetOf(props.text) === preset}
            onClick={() => choose({ from: `now-${preset}`, to: 'now' })}
          >
            {presetText(preset, words)}
            {presetOf(props.text) === preset && <Icon name="check" size={13} />}
          </button>
        ))}
        <button
          type="button"
          aria-pressed={props.text.from === 'today'}
          onClick={() => choose({ from: 'today', to: 'now' })}
        >
          {text.today}
        </button>
        {props.lastDeploy !== null && (
          <button type="button" onClick={() => choose({ from: isoTime(props.lastDeploy!), to: 'now' })}>
            {words.search.sinceDeploy}{' '}
            <small className="num">{shortText(props.lastDeploy, props.zone, props.nowUs).slice(0, -3)}</small>
          </button>
        )}
      </div>
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          apply();
        }}
      >
        <h2>{text.absolute}</h2>
        <Labelled
          label={text.from}
          value={from}
          aria-invalid={'bad' in resolved && resolved.bad === 'from'}
          spellCheck={false}
          onChange={(event) => setFrom(event.target.value)}
        />
        <Labelled
          label={text.to}
          value={to}
          aria-invalid={'bad' in resolved && resolved.bad === 'to'}
          spellCheck={false}
          onChange={(event) => setTo(event.target.value)}
        />
        <p className={'bad' in resolved ? `${styles.resolved} ${styles.bad}` : `${styles.resolved} num`} role="status">
          {'bad' in resolved ? (resolved.bad === 'order' ? text.order : text.bad) : rangeLine(resolved, props.zone)}
        </p>
        <p className={styles.also}>{text.also}</p>
        <div className={styles.zone}>
          <Segments
            label={text.zone}
            value={props.zone}
            onChange={props.onZone}
            options={[
              { value: 'local', text: zoneName(props.nowUs, 'local') },
              { value: 'utc', text: text.utc },
            ]}
          />
          {text.kept}
        </div>
        <div className={styles.act}>
          <Button small look="ghost" onClick={props.onClose}>
            {words.cancel}
          </Button>
          <Button small look="primary" type="submit" hotkey="↵" disabled={'bad' in resolved}>
            {text.apply}
          </Button>
        </div>
      </form>
    </div>
  );
}

function rangeLine(range: Range, zone: Zone): string {
  const end = shortText(range.to, zone, range.from);
  return `${dayText(range.from, zone)} ${clockText(range.from, zone)} → ${end}`;
}

/** ISO times are shown in the page's zone, as a person would write them. */
function editable(text: string, zone: Zone): string {
  if (isRelative(text)) return text;
  const us = readMoment(text, 0, zone);
  return us === null ? text : `${dayText(us, zone)} ${clockText(us, zone)}${fractionText(us)}`;
}

/** Only `now…` stays relative in a link; what else was typed means one moment. */
function absoluteText(typed: string, props: TimeBoxProps): string {
  return /^now/i.test(typed.trim())
    ? typed.trim().toLowerCase().replace(/\s+/g, '')
    : isoTime(readMoment(typed, props.nowUs, props.zone)!);
}
