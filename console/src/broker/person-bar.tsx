// The top of the console: who is signed in, and the way out.

import { useQueryClient } from '@tanstack/react-query';
import { dismiss } from '../notices.ts';
import { Bar } from '../parts/bar.tsx';
import { open } from '../router.ts';
import { setSession, useSession } from './session.ts';

/** The bar at the top. */
export function PersonBar() {
  const session = useSession();
  const queries = useQueryClient();
  const end = () => {
    open();
    queries.clear();
    dismiss();
    setSession(undefined);
  };
  return (
    <Bar
      title="Waxwing broker"
      person={
        session && {
          type: 'menu-dropdown',
          iconName: 'user-profile',
          text: session.name,
          description: session.tags.join(', '),
          items: [{ id: 'sign-out', text: 'Sign out' }],
          onItemClick: end,
        }
      }
    />
  );
}
