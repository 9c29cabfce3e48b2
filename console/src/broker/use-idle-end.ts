// The end of a session that nobody uses.

import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { endSession } from '../parts/session-end.ts';
import { store } from './session.ts';

/** Time without a key or a pointer after which the page forgets the password, milliseconds. */
const idleMs = 60 * 60_000;

/** Ends the session after an hour without use. Lists that refresh themselves are no use. */
export function useIdleEnd(): void {
  const queries = useQueryClient();
  useEffect(() => {
    let usedAt = Date.now();
    const use = () => {
      usedAt = Date.now();
    };
    // A computer that slept counts, which one long timer would not notice.
    const timer = setInterval(() => {
      if (Date.now() - usedAt < idleMs) return;
      endSession(store, queries, 'You were signed out after an hour without use. Sign in again.');
    }, 30_000);
    addEventListener('keydown', use);
    addEventListener('pointerdown', use);
    return () => {
      clearInterval(timer);
      removeEventListener('keydown', use);
      removeEventListener('pointerdown', use);
    };
  }, [queries]);
}
