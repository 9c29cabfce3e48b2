// The web console of a broker of RabbitMQ's type: one page over its management API.

import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { notify } from '../notices.ts';
import { start } from '../parts/start.tsx';
import { endsSession } from './api.ts';
import { App } from './app.tsx';
import { currentSession, setSession } from './session/session.ts';

function onError(error: Error): void {
  if (!endsSession(error) || currentSession() === undefined) return;
  setSession(undefined);
  queries.clear();
  notify('info', 'The broker no longer accepts this user name and password. Sign in again.');
}

const queries = new QueryClient({
  queryCache: new QueryCache({ onError }),
  mutationCache: new MutationCache({ onError }),
  defaultOptions: {
    queries: { retry: false, staleTime: 2000, gcTime: 60_000 },
    mutations: { retry: false },
  },
});

start(queries, <App />);
