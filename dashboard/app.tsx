import { QueryClientProvider } from '@tanstack/react-query';
import { lazy, type ReactNode, Suspense, useState } from 'react';
import { Redirect, Route, Switch, useLocation } from 'wouter';
import { ClientProvider, createClient } from './client/client.tsx';
import { createQueryClient } from './client/query-client.ts';
import { ApiError } from './client/request.ts';
import { useMe } from './client/session.ts';
import { LogsPage } from './logs/page.tsx';
import { LoginPage } from './pages/login.tsx';
import { SetupPage } from './pages/setup.tsx';
import { Crash } from './shell/crash.tsx';
import { PaletteHost } from './shell/palette.tsx';
import { PreferencesProvider } from './shell/preferences.tsx';
import { Failed } from './shell/state.tsx';
import { ToastProvider } from './shell/toast.tsx';
import { WordsProvider } from './words/words.tsx';

// The Logs page is what people open; the others come when they are asked for.
const ContainersPage = lazy(() => import('./containers/page.tsx').then((page) => ({ default: page.ContainersPage })));
const LedgerPage = lazy(() => import('./ledger/page.tsx').then((page) => ({ default: page.LedgerPage })));
const SettingsPage = lazy(() => import('./settings/page.tsx').then((page) => ({ default: page.SettingsPage })));

export function App() {
  return (
    <PreferencesProvider>
      <WordsProvider>
        <Crash>
          <ToastProvider>
            <Connected>
              <PaletteHost>
                <Pages />
              </PaletteHost>
            </Connected>
          </ToastProvider>
        </Crash>
      </WordsProvider>
    </PreferencesProvider>
  );
}

function Connected({ children }: { children: ReactNode }) {
  const [, navigate] = useLocation();
  const [client] = useState(() => createClient());
  const [queries] = useState(() => createQueryClient(() => navigate(loginPath(), { replace: true })));
  return (
    <ClientProvider value={client}>
      <QueryClientProvider client={queries}>{children}</QueryClientProvider>
    </ClientProvider>
  );
}

function Pages() {
  return (
    <Switch>
      <Route path="/setup" component={SetupPage} />
      <Route path="/login" component={LoginPage} />
      <Route>
        <SignedIn>
          <Suspense fallback={null}>
            <Switch>
              <Route path="/logs" component={LogsPage} />
              <Route path="/containers" component={ContainersPage} />
              <Route path="/ledger" component={LedgerPage} />
              <Route path="/settings/:section?" component={SettingsPage} />
              <Route>
                <Redirect to="/logs" replace />
              </Route>
            </Switch>
          </Suspense>
        </SignedIn>
      </Route>
    </Switch>
  );
}

/** Nothing of a page is shown before the server said who this is. */
function SignedIn({ children }: { children: ReactNode }) {
  const me = useMe();
  if (me.data !== undefined) return children;
  if (me.error === null) return null;
  if (me.error instanceof ApiError && me.error.status === 401) return <Redirect to={loginPath()} replace />;
  return <Failed error={me.error} onAgain={() => me.refetch()} />;
}

/** The login page, which leads back here. */
function loginPath(): string {
  const here = `${window.location.pathname}${window.location.search}`;
  if (window.location.pathname === '/login' || window.location.pathname === '/setup') return here;
  return here === '/' || here === '/logs' ? '/login' : `/login?next=${encodeURIComponent(here)}`;
}
