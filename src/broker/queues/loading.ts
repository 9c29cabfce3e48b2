// Waiting of a queue for its next message.

import type { Queue } from '../queue.ts';

/**
 * The queue delivers nothing until its next message is in memory, or prepared.
 *
 * @param failed called instead if that fails
 */
export function loads(
  queue: Queue,
  loading: Promise<void>,
  host: { pump(): void },
  failed: () => void,
): void {
  queue.isLoading = true;
  const done = () => {
    queue.loaded();
    host.pump();
  };
  loading.then(done, failed);
}
