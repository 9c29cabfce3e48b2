// Routing of publishes over several turns.

import type { Exchange } from '../../../broker/exchanges/exchange.ts';
import { type Route, routeOf } from '../../../broker/exchanges/route-cache.ts';
import { type RouteSearch, stepsAtATime } from '../../../broker/exchanges/route-search.ts';
import type { Publication } from '../../../broker/publication.ts';
import type { Channel } from '../channel.ts';
import { toAmqpError } from '../errors.ts';

/** Steps that a queue counts as which a message goes to. */
const stepsOfQueue = 8;
/** Publishes below this number of steps do not count. */
const stepCountFree = 100;

/** A message whose routing takes more than one turn. */
interface PausedPublish {
  readonly publication: Publication;
  readonly search: RouteSearch;
}

/**
 * Routes the publishes of a channel. A long search continues in later turns. Later frames wait, so
 * that messages keep their order.
 */
export class PublishRouting {
  readonly #channel: Channel;
  readonly #routed: (publication: Publication, route: Route) => void;
  #paused: PausedPublish | undefined = undefined;

  /**
   * @param routed called with the route of each message; an error in a later turn closes the
   *   channel
   */
  constructor(channel: Channel, routed: (publication: Publication, route: Route) => void) {
    this.#channel = channel;
    this.#routed = routed;
  }

  /**
   * Routes a message, now or later.
   *
   * @throws {BrokerError} `precondition-failed` if too many bindings must be examined
   */
  route(publication: Publication, exchange: Exchange): void {
    const { broker, vhost, host } = this.#channel;
    // Frames of a closed connection do not wait.
    if (this.#paused !== undefined) this.#finish(this.#paused);
    const { routing } = broker;
    const route = routing.route(vhost, exchange, publication);
    if (route === undefined) {
      const kept = publication.copy();
      const paused = { publication: kept, search: routing.takePaused(kept) };
      this.#paused = paused;
      host.gate.finishFirst(this.#searchOn(paused));
      return;
    }
    const stepCount = routing.stepCount + route.queues.length * stepsOfQueue;
    if (stepCount > stepCountFree) host.gate.countPublishSteps(stepCount);
    this.#routed(publication, route);
  }

  *#searchOn(paused: PausedPublish): Generator<void> {
    try {
      while (this.#paused === paused && !paused.search.run(stepsAtATime)) yield;
      if (this.#paused === paused) this.#finish(paused);
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  #finish(paused: PausedPublish): void {
    this.#paused = undefined;
    while (!paused.search.run(stepsAtATime));
    this.#routed(paused.publication, routeOf(paused.search));
  }

  #fail(thrown: unknown): void {
    this.#paused = undefined;
    const channel = this.#channel;
    const error = toAmqpError(thrown);
    if (error.scope !== 'channel') channel.host.failed(thrown);
    else if (channel.state === 'open') channel.fail(error);
  }
}
