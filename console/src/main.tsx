// The web console: one page, whose parts are loaded when they are opened.

import './trusted-types.ts';
import '@cloudscape-design/global-styles/index.css';
import './console.css';
import I18nProvider from '@cloudscape-design/components/i18n';
import messages from '@cloudscape-design/components/i18n/messages/all.en';
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { forgetClients } from './aws/clients.ts';
import { notify } from './notices.ts';
import { setSession } from './session/session.ts';

/** Errors that end the session. */
const ended: ReadonlySet<string> = new Set(['ExpiredToken', 'ExpiredTokenException']);

function onError(error: Error): void {
  if (!ended.has(error.name)) return;
  forgetClients();
  setSession(undefined);
  queries.clear();
  notify('info', 'Your session has ended. Sign in again.');
}

const queries = new QueryClient({
  queryCache: new QueryCache({ onError }),
  mutationCache: new MutationCache({ onError }),
  defaultOptions: {
    // Clients retry by themselves. Every read is in the trail: none is made without a reason.
    queries: { retry: false, refetchOnWindowFocus: false, staleTime: 10_000, gcTime: 60_000 },
    mutations: { retry: false },
  },
});

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <I18nProvider locale="en" messages={[messages]}>
        <QueryClientProvider client={queries}>
          <App />
        </QueryClientProvider>
      </I18nProvider>
    </StrictMode>,
  );
}
