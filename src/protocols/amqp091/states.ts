import { assert } from '../../base/assert.ts';

/** The legal moves of a connection, as the server sees it (2.2.4). */
const next = {
  'awaiting-header': ['awaiting-start-ok', 'closed'],
  'awaiting-start-ok': ['checking-password', 'closing', 'closed'],
  'checking-password': ['awaiting-tune-ok', 'closing', 'closed'],
  'awaiting-tune-ok': ['awaiting-open', 'closing', 'closed'],
  'awaiting-open': ['open', 'closing', 'closed'],
  open: ['closing', 'closed'],
  /** `connection.close` is sent; all that counts now is `connection.close-ok`. */
  closing: ['closed'],
  closed: [],
} as const satisfies Record<string, readonly string[]>;

/** Where a connection is in its life. */
export type State = keyof typeof next;

/** The only way to change state: an illegal move is a bug in this program, never the peer's doing. */
export function enter(from: State, to: State): State {
  const legal: readonly string[] = next[from];
  assert(legal.includes(to), `a connection cannot go from ${from} to ${to}`);
  return to;
}
