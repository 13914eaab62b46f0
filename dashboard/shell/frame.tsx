import { type ReactNode, useEffect } from 'react';
import { Link, useLocation } from 'wouter';
import { useMe } from '../client/session.ts';
import { useWords } from '../words/words.tsx';
import styles from './frame.module.css';
import { Icon, type IconName, Mark } from './icon.tsx';
import { useKeys } from './keys.ts';

const PAGES: { path: string; word: 'logs' | 'containers' | 'ledger' | 'settings'; icon: IconName; key: string }[] = [
  { path: '/logs', word: 'logs', icon: 'logs', key: 'g l' },
  { path: '/containers', word: 'containers', icon: 'containers', key: 'g c' },
  { path: '/ledger', word: 'ledger', icon: 'ledger', key: 'g b' },
  { path: '/settings', word: 'settings', icon: 'settings', key: 'g s' },
];

/** Rail (bottom tabs on a phone) and the page beside it. */
export function Frame({ title, children }: { title: string; children: ReactNode }) {
  const words = useWords();
  const me = useMe();
  const [path, navigate] = useLocation();
  useEffect(() => {
    document.title = `${title} · Fleetlog`;
  }, [title]);
  useKeys(Object.fromEntries(PAGES.map((page) => [page.key, () => navigate(page.path)])));
  return (
    <div className={styles.app}>
      <a className={styles.skip} href="#main">
        {words.nav.skip}
      </a>
      <nav className={styles.rail} aria-label={words.nav.main}>
        <span className={styles.mark}>
          <Mark />
        </span>
        {PAGES.map((page) => (
          <RailLink
            key={page.path}
            page={page}
            here={path === page.path || path.startsWith(`${page.path}/`)}
            word={words.nav[page.word]}
          />
        ))}
        {me.data !== undefined && (
          <span
            className={styles.me}
            title={words.nav.account(me.data.name)}
            role="img"
            aria-label={words.nav.account(me.data.name)}
          >
            {Array.from(me.data.name).slice(0, 2).join('')}
          </span>
        )}
      </nav>
      <main className={styles.main} id="main" tabIndex={-1}>
        {me.data?.insecure === true && (
          <div className={styles.banner} role="note">
            <Icon name="warning" size={15} />
            {words.insecure}
          </div>
        )}
        {children}
      </main>
    </div>
  );
}

function RailLink({ page, here, word }: { page: (typeof PAGES)[number]; here: boolean; word: string }) {
  return (
    <>
      {page.word === 'settings' && <span className={styles.push} />}
      <Link href={page.path} aria-current={here ? 'page' : undefined}>
        <Icon name={page.icon} size={18} />
        {word}
      </Link>
    </>
  );
}
