// The routing of dead letters.

import type { Exchange } from '../exchanges/exchange.ts';
import type { MessageFormat } from '../format.ts';
import type { Publication } from '../publication.ts';
import type { DeathReason, Queue } from '../queue.ts';
import type { Delivery } from '../subscription.ts';
import type { Vhost } from '../vhost.ts';
import { type DeadLetter, deadLetterOf, refusedDeadLetter } from './dead-letter.ts';
import { cycleOf } from './death-headers.ts';

/** Units of work for a dead letter, in addition to its size and its queues. */
const letterUnits = 32;
/** Bytes of a head per unit of work. The head is decoded and encoded again. */
const headBytesOfUnit = 16;
/** Bytes of a body per unit of work. The body is copied and sealed. */
const bodyBytesOfUnit = 512;

/** The progress of a dead letter that must not be lost. */
export interface LetterProgress {
  /** The queues that have it. */
  readonly reached: Set<Queue>;
  /** Called unless the result is known at once. */
  readonly ended: (isPublished: boolean) => void;
}

/** The parameters of `QueueHost.deadLetterSafely`. */
export type SafeLetter = [
  queue: Queue,
  view: Delivery,
  reason: DeathReason,
  progress: LetterProgress,
];

/** The interface to the broker. */
export interface DeadLetterRouterHost {
  nowMs(): number;
  vhost(name: string): Vhost;
  formatOf(number: number): MessageFormat | undefined;
  /**
   * Publishes a dead letter to the queues for which `isFor` returns true, now or later. No queue
   * creates further dead letters before this returns.
   */
  publish(vhost: Vhost, letter: DeadLetter, isFor: (queue: Queue) => boolean): void;
  /** The same to all of these queues that do not have it; see `QueueHost.deadLetterSafely`. */
  publishSafely(
    vhost: Vhost,
    letter: DeadLetter,
    isFor: (queue: Queue) => boolean,
    progress: LetterProgress,
  ): boolean;
  /** Whether a rejected message is delivered again later. */
  retry(queue: Queue, view: Delivery): boolean;
  /** Whether a message to a delayed exchange is scheduled. */
  delay(vhost: Vhost, letter: DeadLetter): boolean;
  /** Counts units of work for this turn. */
  spend(units: number): void;
}

/** Publishes the dead letters of queues to their dead letter exchanges. */
export class DeadLetterRouter {
  readonly #host: DeadLetterRouterHost;

  constructor(host: DeadLetterRouterHost) {
    this.#host = host;
  }

  /** Publishes a message that its queue removes. The view is open on it. */
  deadLetter(queue: Queue, view: Delivery, reason: DeathReason): void {
    if (reason === 'rejected' && queue.retry !== undefined && this.#host.retry(queue, view)) return;
    if (queue.deadLetters?.takes(queue, view, reason) === false) return;
    this.#publishDeadLetter(queue, deadLetterOf(view), reason);
  }

  /** See `QueueHost.deadLetterSafely`. */
  deadLetterSafely(...[queue, view, reason, progress]: SafeLetter): boolean {
    const host = this.#host;
    const vhost = host.vhost(queue.vhost);
    const dead = deadLetterOf(view);
    const addressed = this.#addressed(vhost, queue, dead, reason);
    if (addressed === undefined) {
      progress.ended(false);
      return false;
    }
    if (addressed.target.isDelayed && host.delay(vhost, dead)) return true;
    return host.publishSafely(
      vhost,
      dead,
      ({ name }) => addressed.cycle?.has(name) !== true,
      progress,
    );
  }

  /** Publishes a message that full queues refused, for those with `reject-publish-dlx`. */
  deadLetterRefused(vhost: Vhost, publication: Publication, full: readonly Queue[]): void {
    for (const queue of full) {
      const { overflow, deadLetterExchange } = queue.settings;
      if (overflow !== 'reject-publish-dlx' || deadLetterExchange === undefined) continue;
      if (vhost.exchanges.has(deadLetterExchange)) {
        this.#publishDeadLetter(queue, refusedDeadLetter(publication), 'maxlen');
      }
    }
  }

  #publishDeadLetter(queue: Queue, dead: DeadLetter, reason: DeathReason): void {
    const host = this.#host;
    const vhost = host.vhost(queue.vhost);
    const { bodyLength } = dead;
    const rules = queue.deadLetters;
    if (rules !== undefined) {
      const format = host.formatOf(dead.format);
      if (format === undefined) return;
      host.spend(unitsOf(dead));
      if (!dead.redirectBy(rules, queue, reason, format)) return;
      host.publish(vhost, dead, (taker) => taker !== queue && !taker.isFull(bodyLength));
      return;
    }
    const addressed = this.#addressed(vhost, queue, dead, reason);
    if (addressed === undefined) return;
    const { target, cycle } = addressed;
    if (target.isDelayed && host.delay(vhost, dead)) return;
    host.publish(
      vhost,
      dead,
      (taker) => cycle?.has(taker.name) !== true && !taker.isFull(bodyLength),
    );
  }

  /**
   * Addresses a dead letter to the exchange of its queue, and returns the queues to which it must not
   * return. Undefined if there is no such exchange.
   */
  #addressed(
    vhost: Vhost,
    queue: Queue,
    dead: DeadLetter,
    reason: DeathReason,
  ): { target: Exchange; cycle: ReadonlySet<unknown> | undefined } | undefined {
    const host = this.#host;
    const format = host.formatOf(dead.format);
    const target = vhost.exchanges.get(queue.settings.deadLetterExchange ?? '');
    if (format === undefined || target === undefined) return undefined;
    host.spend(unitsOf(dead));
    const headers = dead.redirect(queue, target, reason, format, host.nowMs());
    // A rejected message may return to its queue, because a consumer decides each time.
    return { target, cycle: reason === 'rejected' ? undefined : cycleOf(headers) };
  }
}

/** Units of work for addressing and storing a dead letter. */
function unitsOf({ headStart, headEnd, bodyLength }: DeadLetter): number {
  const bytesUnits = (headEnd - headStart) / headBytesOfUnit + bodyLength / bodyBytesOfUnit;
  return letterUnits + Math.floor(bytesUnits);
}
