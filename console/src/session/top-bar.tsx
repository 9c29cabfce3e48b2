// The top of the console: who is signed in, for how long, and the way out.

import { useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useCallback, useState } from 'react';
import { forgetClients } from '../aws/clients.ts';
import { dismiss } from '../notices.ts';
import { Bar } from '../parts/bar.tsx';
import { endSession } from '../parts/session-end.ts';
import { timeText } from '../parts/time.tsx';
import { open } from '../router.ts';
import { endedText, type Session, setSession, store, useSession } from './session.ts';
import { useSessionEnd } from './use-session-end.ts';

/** Loaded when it is needed, with the client of STS. */
const SwitchRole = lazy(() => import('./switch-role.tsx'));

/** The top bar. */
export function TopBar() {
  const session = useSession();
  const queries = useQueryClient();
  const [isSwitching, setSwitching] = useState(false);
  const change = useCallback(
    (next: Session | undefined) => {
      forgetClients();
      queries.clear();
      dismiss();
      setSession(next);
    },
    [queries],
  );
  const end = useCallback(() => {
    forgetClients();
    endSession(store, queries, endedText);
    setSwitching(false);
  }, [queries]);
  useSessionEnd(session, end);
  const chosen = (id: string) => {
    if (id === 'sign-out') {
      open();
      change(undefined);
    } else if (id === 'role') setSwitching(true);
  };
  const person = session && {
    type: 'menu-dropdown' as const,
    iconName: 'user-profile' as const,
    text: session.name,
    description: `Account ${session.accountId}, until ${timeText(session.expiration)}`,
    items: [
      ...(session.type === 'root' ? [] : [{ id: 'role', text: 'Switch role' }]),
      { id: 'sign-out', text: 'Sign out' },
    ],
    onItemClick: ({ detail }: { readonly detail: { readonly id: string } }) => chosen(detail.id),
  };
  return (
    <>
      <Bar person={person} />
      {isSwitching && session && (
        <Suspense>
          <SwitchRole
            session={session}
            onDone={(next) => {
              setSwitching(false);
              if (next) change(next);
            }}
          />
        </Suspense>
      )}
    </>
  );
}
