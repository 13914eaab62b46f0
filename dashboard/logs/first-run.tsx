import type { ReactNode } from 'react';
import type { ApiHost } from '../../api/contract.ts';
import { useMe } from '../client/session.ts';
import { Button } from '../shell/controls.tsx';
import { Icon, type IconName } from '../shell/icon.tsx';
import { useCopy } from '../shell/toast.tsx';
import { visible } from '../text/visible.ts';
import { useWords } from '../words/words.tsx';
import styles from './first-run.module.css';

const BY_HAND = `npx fleetlog docker-proxy --listen 127.0.0.1:2375
npx fleetlog start --set collector.dockerSocket=tcp://127.0.0.1:2375`;
const PATHS = `collector:
  paths:
    - /data/logs/{app}/{instance}/*.log`;

/** Before the first line: what works already, the one step that is left, and ways without Docker. */
export function FirstRun({ hosts }: { hosts: ApiHost[] }) {
  const words = useWords().logs.first;
  const me = useMe();
  const blind = hosts.filter((host) => !host.docker.reachable);
  const seeing = hosts.filter((host) => host.docker.reachable);
  return (
    <div className={styles.first}>
      <div>
        <h1>{words.title}</h1>
        <p className={styles.lead}>{words.lead}</p>
        <ol className={styles.checks}>
          <Check state="ok" title={words.store}>
            <p>{words.storeWhy(me.data?.version ?? '')}</p>
          </Check>
          <Check state={hosts.length > 0 ? 'ok' : 'wait'} title={words.hosts}>
            <p>{hosts.length > 0 ? visible(hosts.map((host) => host.host).join(', ')) : words.hostsWhy}</p>
          </Check>
          <Check
            state={seeing.length > 0 ? 'ok' : hosts.length > 0 ? 'bad' : 'wait'}
            title={seeing.length > 0 || hosts.length === 0 ? words.docker : words.dockerBad}
          >
            {blind.slice(0, 3).map((host) => (
              <p key={host.host}>{visible(words.dockerReason(host.host, host.docker.reason ?? ''))}</p>
            ))}
            {seeing.length > 0 ? (
              <p>{visible(words.dockerOk(seeing[0].host))}</p>
            ) : (
              <>
                <p>{words.dockerWhy}</p>
                <Command text={BY_HAND} />
              </>
            )}
          </Check>
          <Check state="wait" title={words.line}>
            <p>{words.lineWhy}</p>
          </Check>
        </ol>
      </div>
      <aside className={styles.other}>
        <h2>{words.noDocker}</h2>
        <Option icon="play" title={words.demo} why={words.demoWhy} command="npx fleetlog demo" />
        <Option icon="logs" title={words.folder} why={words.folderWhy} command={PATHS} />
        <Option
          icon="host"
          title={words.other}
          why={words.otherWhy}
          command={`npx fleetlog collector --set collector.to=${window.location.origin}`}
        />
        <p className={styles.doctor}>{words.doctor}</p>
      </aside>
    </div>
  );
}

function Check({ state, title, children }: { state: 'ok' | 'bad' | 'wait'; title: string; children: ReactNode }) {
  return (
    <li className={styles[state]}>
      <span className={styles.dot}>
        {state === 'wait' ? (
          <span className={styles.spin} />
        ) : (
          <Icon name={state === 'ok' ? 'check' : 'close'} size={14} />
        )}
      </span>
      <div>
        <h2>{title}</h2>
        {children}
      </div>
    </li>
  );
}

function Option({ icon, title, why, command }: { icon: IconName; title: string; why: string; command: string }) {
  return (
    <div className={styles.option}>
      <Icon name={icon} />
      <div>
        <h3>{title}</h3>
        <p>{why}</p>
        <Command text={command} />
      </div>
    </div>
  );
}

function Command({ text }: { text: string }) {
  const words = useWords();
  const copy = useCopy();
  return (
    <div className={styles.cmd}>
      <code>{text}</code>
      <Button small look="ghost" icon="copy" label={words.copy} onClick={() => copy(text)} />
    </div>
  );
}
