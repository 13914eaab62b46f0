import { Link, Redirect, useLocation, useParams } from 'wouter';
import type { Me } from '../../api/contract.ts';
import { useMe } from '../client/session.ts';
import { Choice } from '../shell/controls.tsx';
import { Frame } from '../shell/frame.tsx';
import { useCommands } from '../shell/palette.tsx';
import { useWords } from '../words/words.tsx';
import { Audit } from './audit.tsx';
import { Redaction } from './redaction.tsx';
import { Retention } from './retention.tsx';
import { maySee, pathOf, SECTIONS, type Section, sectionOf } from './sections.ts';
import styles from './settings.module.css';
import { Sources } from './sources.tsx';
import { Tokens } from './tokens.tsx';
import { Users } from './users.tsx';
import { You } from './you.tsx';

/** Sections with addresses of their own; those a person may not see are not offered, and say so when opened by address. */
export function SettingsPage() {
  const words = useWords().settings;
  const { search } = useWords();
  const me = useMe();
  const [, navigate] = useLocation();
  const section = sectionOf(useParams<{ section?: string }>().section);
  const open = me.data === undefined ? [] : SECTIONS.filter((one) => maySee(me.data, one));
  useCommands(
    open.map((one) => ({
      id: pathOf(one),
      title: search.palette.goTo(`${words.title}: ${words.sections[one]}`),
      icon: 'settings',
      also: pathOf(one),
      run: () => navigate(pathOf(one)),
    })),
  );
  if (section === null) return <Redirect to="/settings" replace />;
  return (
    <Frame title={`${words.sections[section]} · ${words.title}`}>
      <div className={styles.page}>
        <header className={styles.side}>
          <h1>{words.title}</h1>
          <nav aria-label={words.sections.label}>
            {open.map((one) => (
              <Link key={one} href={pathOf(one)} aria-current={one === section ? 'page' : undefined}>
                {words.sections[one]}
              </Link>
            ))}
          </nav>
          <div className={styles.choice}>
            <Choice<Section>
              label={words.sections.label}
              value={section}
              options={[...new Set([...open, section])].map((one) => ({ value: one, text: words.sections[one] }))}
              onChange={(one) => navigate(pathOf(one))}
            />
          </div>
        </header>
        {me.data !== undefined && (
          <div className={styles.content}>
            <h2>{words.sections[section]}</h2>
            {maySee(me.data, section) ? (
              <Content section={section} me={me.data} />
            ) : (
              <p className={styles.lead}>{words.adminsOnly}</p>
            )}
          </div>
        )}
      </div>
    </Frame>
  );
}

function Content({ section, me }: { section: Section; me: Me }) {
  switch (section) {
    case 'you':
      return <You me={me} />;
    case 'users':
      return <Users me={me} />;
    case 'tokens':
      return <Tokens me={me} />;
    case 'retention':
      return <Retention />;
    case 'sources':
      return <Sources me={me} />;
    case 'redaction':
      return <Redaction />;
    case 'audit':
      return <Audit />;
  }
}
