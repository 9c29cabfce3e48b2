// The end of a session that its person did not end.

import type { Query, QueryClient } from '@tanstack/react-query';
import { dismiss, notify } from '../notices.ts';
import type { SessionStore } from './session-store.ts';
import { clearSecrets, isTextTyped } from './typed-text.ts';

/** What ends a session. */
type Endable = Pick<SessionStore<unknown, unknown>, 'hide'> & {
  readonly set: (session: undefined) => boolean;
};

/**
 * Ends a session. If the person has typed something, the page is hidden with it until the same person signs
 * in, without passwords; otherwise everything is forgotten.
 *
 * @param why what the person is told
 */
export function endSession(store: Endable, queries: QueryClient, why: string): void {
  dismiss();
  if (!isTextTyped()) {
    store.set(undefined);
    queries.clear();
    notify('info', why);
    return;
  }
  clearSecrets();
  for (const query of queries.getQueryCache().getAll()) keep(query);
  store.hide();
  notify('info', `${why} What you have typed is kept until then, without passwords.`);
}

/** Keeps what was read: a form would end if the page around it had to be read anew. */
function keep(query: Query): void {
  query.setOptions({ ...query.options, gcTime: Number.POSITIVE_INFINITY });
  if (query.state.error === null || query.state.data === undefined) return;
  query.setState({ ...query.state, error: null, status: 'success' });
}

/** Begins a session: what was read for another person is forgotten, and the rest is read again. */
export function beginSession<Session, Person>(
  store: SessionStore<Session, Person>,
  queries: QueryClient,
  session: Session,
): void {
  if (store.set(session)) void queries.invalidateQueries();
  else queries.clear();
}
