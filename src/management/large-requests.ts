// Requests with large bodies or answers, of which only a few may be answered at the same time.

import { ManagementError } from './errors.ts';
import { largeBodyBytesMax, largeBodyBytesPerUserMax, largeRequestCountMax } from './limits.ts';

/**
 * Counts large requests while they are answered, and their bodies from their arrival on. Requests that
 * wait for the share of their user do not count: they would keep out those of all others.
 */
export class LargeRequests {
  readonly #bytesByUser = new Map<string, number>();
  #bytes = 0;
  #runningCount = 0;

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

  /**
   * A request is answered from now on.
   *
   * @returns ends that
   * @throws {ManagementError} `busy`
   */
  begin(): () => void {
    if (this.#runningCount >= largeRequestCountMax) throw busy();
    this.#runningCount++;
    return () => {
      this.#runningCount--;
    };
  }
}

function busy(): ManagementError {
  return new ManagementError('busy', 'too many large requests are in progress; try again later');
}
