import { Link } from 'wouter';
import list from '../fleet/list.module.css';
import { bytes } from '../format/number.ts';
import type { Zone } from '../format/time.ts';
import type { WriteClause } from '../logs/query-edit.ts';
import { Icon } from '../shell/icon.tsx';
import { Moment } from '../shell/moment.tsx';
import { visible } from '../text/visible.ts';
import { useFleetWords } from '../words/fleet-words.ts';
import { useWords } from '../words/words.tsx';
import styles from './page.module.css';
import type { LedgerFile, LedgerRow } from './rows.ts';
import { StuckText } from './stuck-text.tsx';
import { causeText, reasonText, reasonWhy } from './words-of.ts';

/** Losses shown of a group; each file has its own. */
const LOSSES = 20;

/** Why it is behind, what was dropped for which reason, what is lost, and what the file is. */
export function LedgerDetail(props: { row: LedgerRow; zone: Zone; now: number; write: WriteClause }) {
  const { row, zone, now } = props;
  const fleet = useFleetWords();
  const words = fleet.ledger;
  const file = row.group === 'file' ? row.files[0] : null;
  const behind = [...Map.groupBy([...row.stuck, ...row.passing], (one) => one.cause ?? '')];
  return (
    <>
      <div>
        {behind.length > 0 && (
          <div className={list.block}>
            <h2>{words.behind}</h2>
            {behind.map(([cause, files]) => (
              <p key={cause}>
                {visible(causeText(cause, fleet))}
                {files.length > 1 && ` (${files.length})`}: <StuckText cause={cause} count={files.length} />
              </p>
            ))}
          </div>
        )}
        <div className={list.block}>
          <h2>{words.droppedTitle}</h2>
          <Reasons row={row} />
        </div>
        {row.lost > 0 && (
          <div className={list.block}>
            <h2>{words.lostTitle}</h2>
            <Losses files={row.files} zone={zone} now={now} />
          </div>
        )}
        {row.unaccounted !== 0 && <p className={list.error}>{words.unbalanced(bytes(row.unaccounted))}</p>}
      </div>
      <div>
        {file !== null && <FileFacts file={file} zone={zone} now={now} />}
        <Ways row={row} write={props.write} />
      </div>
    </>
  );
}

function Reasons({ row }: { row: LedgerRow }) {
  const fleet = useFleetWords();
  if (row.reasons.length === 0) return <p className="dim">{fleet.ledger.nothingDropped}</p>;
  return (
    <dl className={styles.reasons}>
      {row.reasons.map(([reason, value]) => (
        <div key={reason} style={{ display: 'contents' }}>
          <dt>{visible(reasonText(reason, fleet))}</dt>
          <dd className={`${styles.amount} num`}>{bytes(value)}</dd>
          <dd>{reasonWhy(reason, fleet)}</dd>
        </div>
      ))}
    </dl>
  );
}

function Losses({ files, zone, now }: { files: LedgerFile[]; zone: Zone; now: number }) {
  const words = useFleetWords().ledger;
  const causes: Record<string, string> = useWords().logs.foot.cause;
  const all = files.flatMap(({ item }) => item.gaps.map((gap) => ({ fid: item.source.fid, ...gap })));
  const newest = all.toSorted((a, b) => (a.from < b.from ? 1 : -1)).slice(0, LOSSES);
  return (
    <ul className={list.list}>
      {newest.map((gap) => (
        <li key={`${gap.fid} ${gap.from} ${gap.cause}`}>
          <Moment iso={gap.from} zone={zone} now={now} />
          <span>
            {visible(Object.hasOwn(causes, gap.cause) ? causes[gap.cause] : gap.cause)}
            <span className="dim"> {gap.bytes === null ? words.lostUnknown : words.lostBytes(bytes(gap.bytes))}</span>
          </span>
        </li>
      ))}
    </ul>
  );
}

function FileFacts({ file, zone, now }: { file: LedgerFile; zone: Zone; now: number }) {
  const words = useFleetWords().ledger;
  const { item } = file;
  const { source } = item;
  const completeTo = item.behind?.completeTo ?? null;
  return (
    <div className={list.block}>
      <h2>{words.about}</h2>
      <dl className={list.facts}>
        <dt>{words.path}</dt>
        <dd className="mono">{visible(source.path)}</dd>
        {source.containerName !== '' && (
          <>
            <dt>{words.container}</dt>
            <dd className="mono">
              {visible(source.containerName)} {source.container.slice(0, 12)}
            </dd>
          </>
        )}
        <dt>{words.reader}</dt>
        <dd>{visible(source.reader)}</dd>
        <dt>{words.size}</dt>
        <dd>{words.sizeOf(bytes(item.read), bytes(item.size))}</dd>
        {completeTo !== null && (
          <>
            <dt>{words.completeTo}</dt>
            <dd>
              <Moment iso={completeTo} zone={zone} now={now} />
            </dd>
          </>
        )}
        {item.reason !== null && (
          <>
            <dt>{words.reason}</dt>
            <dd className="mono">{visible(item.reason)}</dd>
          </>
        )}
      </dl>
    </div>
  );
}

/** On to the lines, and to the containers, of what the row stands for. */
function Ways({ row, write }: { row: LedgerRow; write: WriteClause }) {
  const words = useFleetWords().ledger;
  const { source } = row.files[0].item;
  const clauses =
    row.group === 'host'
      ? [write('host', source.host)]
      : row.group === 'app'
        ? [write('app', source.app), write('env', source.env)]
        : [
            write('app', source.app),
            write('env', source.env),
            write('instance', source.instance),
            write('path', source.path),
          ];
  const containers =
    row.group === 'host'
      ? `host:"${source.host}"`
      : row.group === 'app'
        ? `app:"${source.app}" env:"${source.env}"`
        : source.container === ''
          ? `app:"${source.app}" instance:"${source.instance}"`
          : `container:${source.container.slice(0, 12)}`;
  return (
    <div className={list.acts}>
      <Link className={list.act} href={`/logs?query=${encodeURIComponent(clauses.join(' '))}`}>
        <Icon name="logs" size={14} />
        {words.openLogs}
      </Link>
      <Link className={list.act} href={`/containers?q=${encodeURIComponent(containers)}`}>
        <Icon name="containers" size={14} />
        {words.openContainer}
      </Link>
    </div>
  );
}
