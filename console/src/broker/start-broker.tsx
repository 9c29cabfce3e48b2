// Starts the console of a broker.

import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { notify } from '../notices.ts';
import { start } from '../parts/start.tsx';
import { WrongPassword } from './request.ts';
import { currentSession, setSession } from './session.ts';

/** Shows a console, and ends the session when the broker no longer accepts the password. */
export function startBroker(console: ReactNode): void {
  const onError = (error: Error) => {
    if (!(error instanceof WrongPassword) || currentSession() === undefined) return;
    setSession(undefined);
    queries.clear();
    notify('info', 'The broker no longer accepts this user name and password. Sign in again.');
  };
  const queries = new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: { retry: false, staleTime: 2000, gcTime: 60_000 },
      mutations: { retry: false },
    },
  });
  start(queries, console);
}
