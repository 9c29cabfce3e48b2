// The web console of the service: one page, whose parts are loaded when they are opened.

import './trusted-types.ts';
import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { App } from './app.tsx';
import { forgetClients } from './aws/clients.ts';
import { endSession } from './parts/session-end.ts';
import { start } from './parts/start.tsx';
import { currentSession, endedText, store } from './session/session.ts';

/** Errors that end the session: its credentials have expired, or their user no longer exists. */
const ended: ReadonlySet<string> = new Set([
  ...['ExpiredToken', 'ExpiredTokenException'],
  ...['InvalidAccessKeyId', 'InvalidClientTokenId', 'UnrecognizedClientException'],
]);

function onError(error: Error): void {
  if (!ended.has(error.name) || currentSession() === undefined) return;
  forgetClients();
  endSession(store, queries, endedText);
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

start(queries, <App />);
