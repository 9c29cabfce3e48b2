// What follows a message that a client has sent.

import type { Route } from '../../exchanges/route-cache.ts';
import type { Publication } from '../../publication.ts';
import type { Advising } from '../advisories/advising.ts';
import type { ResourceLimits } from '../limits/resource-limits.ts';
import type { Usage } from '../limits/usage.ts';
import { SendTarget } from '../send-target.ts';

/** Tells of messages that were sent, and makes their producers wait. */
export class SentMessages {
  readonly limits: ResourceLimits;
  readonly #advising: Advising;

  constructor(limits: ResourceLimits, advising: Advising) {
    this.limits = limits;
    this.#advising = advising;
  }

  /**
   * A message was stored, so that consumers may get it.
   *
   * @param producer the producer of the protocol, for advisories
   * @returns a limit for which its producer must wait; usually undefined
   */
  stored(
    target: SendTarget,
    publication: Publication,
    route: Route,
    producer?: unknown,
  ): Usage | undefined {
    this.#tell(target, publication, route);
    return this.enlisted(target, publication, route, producer);
  }

  #tell(target: SendTarget, publication: Publication, route: Route): void {
    const isTold = target.rules !== undefined && route.timing === undefined && !target.isService;
    if (isTold) this.#advising.sent(target, publication, route.queues);
  }

  /** A message of a transaction was stored when it committed. */
  committed(publication: Publication, route: Route): void {
    const { remembered: target } = publication;
    if (target instanceof SendTarget) this.#tell(target, publication, route);
  }

  /** A message was added to a transaction. See {@link stored}. */
  enlisted(
    target: SendTarget,
    publication: Publication,
    route: Route,
    producer?: unknown,
  ): Usage | undefined {
    const usage = this.limits.after(target, publication, route);
    if (usage !== undefined) this.#advising.fastProducer(target, producer);
    return usage;
  }
}
