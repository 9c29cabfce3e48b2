import type { MessageFormat } from '../format.ts';
import type { Publication } from '../publication.ts';
import type { DeathReason, Queue } from '../queue.ts';
import type { Delivery } from '../subscription.ts';
import type { Vhost } from '../vhost.ts';
import { cycleOf, type DeadLetter, deadCopy, deadView } from './dead-letters.ts';

/** Units of work for a dead letter, in addition to its size and its queues. */
const letterUnits = 32;
/** Bytes of a head per unit of work. The head is decoded and encoded again. */
const headBytesOfUnit = 16;
/** Bytes of a body per unit of work. The body is copied and sealed. */
const bodyBytesOfUnit = 512;

/** The interface to the broker. */
export interface DeadLetteringHost {
  nowMs(): number;
  vhost(name: string): Vhost;
  formatOf(number: number): MessageFormat | undefined;
  /**
   * Publishes a letter to the queues that it is for, now or later; none of them makes dead letters
   * before this returns.
   */
  publish(vhost: Vhost, letter: DeadLetter, isFor: (queue: Queue) => boolean): void;
  /** Whether a rejected message is delivered again later. */
  retry(queue: Queue, view: Delivery): boolean;
  /** Whether a message to a delayed exchange is scheduled. */
  delay(vhost: Vhost, letter: DeadLetter): boolean;
  /** Counts units of work for this turn. */
  spend(units: number): void;
}

/** Publishes the dead letters of queues to their dead letter exchanges. */
export class DeadLettering {
  readonly #host: DeadLetteringHost;

  constructor(host: DeadLetteringHost) {
    this.#host = host;
  }

  /** A message has died. The view is open on it. */
  died(queue: Queue, view: Delivery, reason: DeathReason): void {
    if (reason === 'rejected' && queue.retry !== undefined && this.#host.retry(queue, view)) return;
    if (queue.deadLetters?.takes(queue, view, reason) === false) return;
    this.#publishDeadLetter(queue, deadView(view), reason);
  }

  /** Full queues refused a message. With `reject-publish-dlx`, it is dead lettered. */
  refused(vhost: Vhost, publication: Publication, full: readonly Queue[]): void {
    for (const queue of full) {
      const { overflow, deadLetterExchange } = queue.settings;
      if (overflow !== 'reject-publish-dlx' || deadLetterExchange === undefined) continue;
      if (vhost.exchanges.has(deadLetterExchange)) {
        this.#publishDeadLetter(queue, deadCopy(publication), 'maxlen');
      }
    }
  }

  #publishDeadLetter(queue: Queue, dead: DeadLetter, reason: DeathReason): void {
    const host = this.#host;
    const vhost = host.vhost(queue.vhost);
    const format = host.formatOf(dead.format);
    if (format === undefined) return;
    const headBytes = dead.headEnd - dead.headStart;
    const bytesUnits = headBytes / headBytesOfUnit + dead.bodyLength / bodyBytesOfUnit;
    const { bodyLength } = dead;
    const rules = queue.deadLetters;
    if (rules !== undefined) {
      host.spend(letterUnits + Math.floor(bytesUnits));
      if (!dead.redirectBy(rules, queue, reason, format)) return;
      host.publish(vhost, dead, (taker) => taker !== queue && !taker.isFull(bodyLength));
      return;
    }
    const target = vhost.exchanges.get(queue.settings.deadLetterExchange ?? '');
    if (target === undefined) return;
    const headers = dead.redirect(queue, target, reason, format, host.nowMs());
    if (target.isDelayed && host.delay(vhost, dead)) return;
    host.spend(letterUnits + Math.floor(bytesUnits));
    // A message that someone rejected goes round as often as it is rejected.
    const cycle = reason === 'rejected' ? undefined : cycleOf(headers);
    host.publish(
      vhost,
      dead,
      (taker) => cycle?.has(taker.name) !== true && !taker.isFull(bodyLength),
    );
  }
}
