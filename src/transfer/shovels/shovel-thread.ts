// The shovels of a broker, in a thread of their own, so that encryption and other work for other
// brokers does not delay the broker's clients.

import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { FromShovels, ShovelThreadData, ToShovels } from './messages.ts';
import { PortStream } from './port-stream.ts';
import { Shovel, type ShovelHost } from './shovel.ts';

/** Body bytes that may wait for confirms in all shovels together. */
const waitingBytesMax = 64 * 1024 * 1024;
/** Interval of reports about moved messages, milliseconds. */
const reportMs = 1000;

/** Runs shovels as a broker asks, over a message port. */
export class ShovelThread {
  readonly #port: MessagePort;
  readonly #host: ShovelHost;
  readonly #shovels = new Map<number, Shovel>();
  readonly #movedCounts = new Map<number, number>();

  constructor(port: MessagePort, data: ShovelThreadData, clock: Clock, random: Random) {
    this.#port = port;
    this.#host = {
      clock,
      random,
      ...data,
      waiting: { bytes: 0, bytesMax: waitingBytesMax },
      connectLocally: (vhost) => this.#connectLocally(vhost),
    };
    port.on('message', (message: ToShovels) => this.#receive(message));
    clock.setInterval(() => this.#report(), reportMs).unref();
  }

  #receive(message: ToShovels): void {
    const { id } = message;
    this.#shovels.get(id)?.stop();
    this.#shovels.delete(id);
    this.#movedCounts.delete(id);
    if (message.type === 'stop') return;
    const shovel = new Shovel(message, this.#host, {
      changed: (state) => this.#tell({ type: 'state', id, state }),
      moved: () => this.#movedCounts.set(id, (this.#movedCounts.get(id) ?? 0) + 1),
      completed: () => {
        this.#shovels.delete(id);
        this.#report();
        this.#tell({ type: 'completed', id });
      },
    });
    this.#shovels.set(id, shovel);
    shovel.start();
  }

  #report(): void {
    for (const [id, count] of this.#movedCounts) this.#tell({ type: 'moved', id, count });
    this.#movedCounts.clear();
  }

  #tell(message: FromShovels): void {
    this.#port.postMessage(message);
  }

  #connectLocally(vhost: string): PortStream {
    const { port1, port2 } = new MessageChannel();
    const message: FromShovels = { type: 'connect', vhost, port: port2 };
    this.#port.postMessage(message, [port2]);
    return new PortStream(port1);
  }
}
