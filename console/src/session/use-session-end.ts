// The end of a session: its credentials expire.

import { useEffect } from 'react';
import { notify } from '../notices.ts';
import { timeText } from '../parts/time.tsx';
import type { Session } from './session.ts';

/** Time before the end at which the person is warned, milliseconds. */
const warningMs = 5 * 60_000;
/** Interval between checks of the time, milliseconds. A single long timer does not count the time that a computer sleeps. */
const checkMs = 10_000;

/** Warns before the session ends, and ends it with its credentials, so that nobody reads on. */
export function useSessionEnd(session: Session | undefined, onEnd: () => void): void {
  const expiration = session?.expiration;
  useEffect(() => {
    const endMs = Date.parse(expiration ?? '');
    if (Number.isNaN(endMs)) return;
    let isWarned = false;
    const timer = setInterval(() => {
      const leftMs = endMs - Date.now();
      if (leftMs <= 0) onEnd();
      else if (leftMs <= warningMs && !isWarned) {
        isWarned = true;
        notify(
          'warning',
          `Your session ends on ${timeText(expiration)}. Finish what you have begun, and sign in again.`,
        );
      }
    }, checkMs);
    return () => clearInterval(timer);
  }, [expiration, onEnd]);
}
