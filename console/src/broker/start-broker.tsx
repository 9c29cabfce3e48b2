// Starts the console of a broker.

import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { endSession } from '../parts/session-end.ts';
import { start } from '../parts/start.tsx';
import { WrongPassword } from './request.ts';
import { currentSession, store } from './session.ts';

/** Shows a console, and ends the session when the broker no longer accepts the password. */
export function startBroker(console: ReactNode): void {
  const onError = (error: Error) => {
    if (!(error instanceof WrongPassword) || currentSession() === undefined) return;
    const why = 'The broker no longer accepts this user name and password. Sign in again.';
    endSession(store, queries, why);
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
