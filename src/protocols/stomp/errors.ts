// Errors of STOMP connections.

import { printable } from '../../base/byte-text.ts';
import { WaxwingError } from '../../base/errors.ts';

/**
 * The reason why a frame is refused:
 *
 * - `malformed`: it is not a frame, or exceeds a limit. The connection ends.
 * - `out-of-order`: the frame is unknown or not permitted in this state. The connection ends.
 * - `refused`: log-in or version. The connection ends.
 * - `failed`: the frame cannot be executed. The connection ends.
 * - `invalid`: the frame cannot be executed. The connection continues.
 * - `closing`: the broker closes the connection.
 * - `internal`: a bug in this program. The connection ends.
 */
export type StompErrorCode =
  | 'malformed'
  | 'out-of-order'
  | 'refused'
  | 'failed'
  | 'invalid'
  | 'closing'
  | 'internal';

/** An error that is sent to the peer as an ERROR frame. */
export class StompError extends WaxwingError<StompErrorCode> {
  /** Whether the connection ends. */
  get isFatal(): boolean {
    return this.code !== 'invalid';
  }

  /** The error in one line. */
  get text(): string {
    return printable(this.message);
  }
}
