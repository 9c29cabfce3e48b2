// The key of a broker while a start or restart takes long.

import { KeyLost } from '../broker-keys.ts';

/** The member of the state of a broker by which key checks that are due are told. */
export interface KeyChecks {
  keyCheckDue: boolean;
  /** Called when a check is due while a step is in progress. */
  onKeyCheckDue?: (() => void) | undefined;
}

/**
 * Carries out a start or restart, and gives it up as soon as the key of the broker is lost.
 *
 * @param check asks for the key. @throws {KeyLost}
 * @param giveUp makes `act` fail
 * @throws {KeyLost} if the key was lost meanwhile
 */
export async function whileKeyIsUsable<T>(
  checks: KeyChecks,
  check: () => Promise<void>,
  giveUp: () => void,
  act: () => Promise<T>,
): Promise<T> {
  let lost: KeyLost | undefined;
  const ask = async () => {
    checks.keyCheckDue = false;
    try {
      await check();
    } catch (error) {
      // Whatever else it was, the key is not known to be usable, and is asked for again.
      checks.keyCheckDue = true;
      if (!(error instanceof KeyLost)) return;
      lost = error;
      giveUp();
    }
  };
  checks.onKeyCheckDue = () => void ask();
  try {
    const result = await act();
    if (lost !== undefined) throw lost;
    return result;
  } catch (error) {
    throw lost ?? error;
  } finally {
    checks.onKeyCheckDue = undefined;
  }
}
