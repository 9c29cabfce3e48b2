import type { Exchange } from '../exchanges/exchange.ts';
import type { Route } from '../exchanges/router.ts';
import type { MessageFormat } from '../format.ts';
import type { Publication } from '../publication.ts';
import type { DeathReason, Queue } from '../queue.ts';
import type { Delivery } from '../subscription.ts';
import type { Vhost } from '../vhost.ts';
import { cycleOf, type DeadLetter, deadCopy, deadView } from './dead-letters.ts';

/** Units of work that one dead letter takes, besides what its size and its queues take. */
const letterUnits = 32;
/** Bytes of a head, which is read and written anew, for a unit of work. */
const headBytesOfUnit = 16;
/** Bytes of a body, which is copied and sealed, for a unit of work. */
const bodyBytesOfUnit = 512;

/** What dead-lettering asks of its broker. */
export interface DeadLetteringHost {
  nowMs(): number;
  vhost(name: string): Vhost;
  formatOf(number: number): MessageFormat | undefined;
  route(vhost: Vhost, exchange: Exchange, publication: Publication): Route;
  /** Stores a message for queues that take it; none of them makes dead letters before this returns. */
  storeDead(letter: DeadLetter, queues: readonly Queue[]): void;
  /** Whether a rejected message is delivered again later. */
  retry(queue: Queue, view: Delivery): boolean;
  /** Whether a message to an exchange that delays waits for a time first. */
  delay(vhost: Vhost, letter: DeadLetter): boolean;
  /** So much of this turn is used up. */
  spend(units: number): void;
}

/** Publishes what dies in a queue to the queue's dead letter exchange. */
export class DeadLettering {
  readonly #host: DeadLetteringHost;

  constructor(host: DeadLetteringHost) {
    this.#host = host;
  }

  /** A message has died in a queue; the view is open on it. */
  died(queue: Queue, view: Delivery, reason: DeathReason): void {
    if (reason === 'rejected' && queue.retry !== undefined && this.#host.retry(queue, view)) return;
    if (queue.deadLetters?.takes(queue, view, reason) === false) return;
    this.#bury(queue, deadView(view), reason);
  }

  /** Full queues did not take a message in; with `reject-publish-dlx` their dead letter exchange gets it. */
  refused(vhost: Vhost, publication: Publication, full: readonly Queue[]): void {
    for (const queue of full) {
      const { overflow, deadLetterExchange } = queue.settings;
      if (overflow !== 'reject-publish-dlx' || deadLetterExchange === undefined) continue;
      if (vhost.exchanges.has(deadLetterExchange)) {
        this.#bury(queue, deadCopy(publication), 'maxlen');
      }
    }
  }

  #bury(queue: Queue, dead: DeadLetter, reason: DeathReason): void {
    const host = this.#host;
    const vhost = host.vhost(queue.vhost);
    const target = vhost.exchanges.get(queue.settings.deadLetterExchange ?? '');
    const format = host.formatOf(dead.format);
    if (target === undefined || format === undefined) return;
    const headBytes = dead.headEnd - dead.headStart;
    const bytesUnits = headBytes / headBytesOfUnit + dead.bodyLength / bodyBytesOfUnit;
    const headers = dead.address(queue, target, reason, format, host.nowMs());
    if (target.isDelayed && host.delay(vhost, dead)) return;
    const { queues } = host.route(vhost, target, dead);
    host.spend(letterUnits + Math.floor(bytesUnits) + queues.length);
    // A message that someone rejected goes round as often as it is rejected.
    const cycle = reason === 'rejected' ? undefined : cycleOf(headers);
    const takers = queues.filter(
      (taker) => cycle?.has(taker.name) !== true && !taker.isFull(dead.bodyLength),
    );
    if (takers.length > 0) host.storeDead(dead, takers);
  }
}
