// The bodies of requests that may be large.

import { ManagementError } from './errors.ts';
import { largeBodyBytesMax, largeBodyBytesPerUserMax } from './limits.ts';

/** Counts the bodies of large requests from their arrival until they are answered. */
export class LargeBodies {
  readonly #bytesByUser = new Map<string, number>();
  #bytes = 0;

  /**
   * Keeps the body of a request in memory.
   *
   * @returns ends that
   * @throws {ManagementError} `busy`
   */
  keep(user: string, bytes: number): () => void {
    const own = (this.#bytesByUser.get(user) ?? 0) + bytes;
    if (own > largeBodyBytesPerUserMax || this.#bytes + bytes > largeBodyBytesMax) throw busy();
    this.#add(user, bytes);
    return () => this.#add(user, -bytes);
  }

  #add(user: string, bytes: number): void {
    this.#bytes += bytes;
    const own = (this.#bytesByUser.get(user) ?? 0) + bytes;
    if (own === 0) this.#bytesByUser.delete(user);
    else this.#bytesByUser.set(user, own);
  }
}

function busy(): ManagementError {
  return new ManagementError('busy', 'too many large requests are in progress; try again later');
}
