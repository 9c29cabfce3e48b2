// Mirrored queues: topics that get the messages to queues, too.

import type { Exchange } from '../../exchanges/exchange.ts';
import type { MessageRouter } from '../../exchanges/message-router.ts';
import type { Route } from '../../exchanges/route-cache.ts';
import type { Publication } from '../../publication.ts';
import type { Vhost } from '../../vhost.ts';
import { SendTarget } from '../send-target.ts';
import type { TopicFilters } from '../topic-filters.ts';

/** The operations of the broker that are needed here. */
export interface MirrorHost {
  readonly routing: MessageRouter;
  readonly vhost: Vhost;
  readonly topics: Exchange;
  readonly filters: TopicFilters;
  /** The topic of a queue; undefined if it is not mirrored. */
  mirrorOf(queue: string): string | undefined;
}

/** Routes messages to queues to the topics that mirror them, as the same stored message. */
export class Mirrors {
  /** The steps of the last route. */
  stepCount = 0;
  readonly #host: MirrorHost;

  constructor(host: MirrorHost) {
    this.#host = host;
  }

  /** Returns the topic that gets the messages to a queue; undefined if there is none. */
  targetOf(queue: string): SendTarget | undefined {
    const topic = this.#host.mirrorOf(queue);
    if (topic === undefined) return undefined;
    return new SendTarget({ kind: 'topic', name: topic }, this.#host.topics, topic, topic);
  }

  /**
   * Adds the queues of a topic to the route of a message to a queue. The address of the message is
   * that of the topic afterwards.
   *
   * @param origins the sender, for consumers with noLocal
   */
  extend(
    route: Route,
    publication: Publication,
    mirror: SendTarget,
    origins: readonly unknown[],
  ): Route {
    const { routing, vhost, filters } = this.#host;
    mirror.addressTo(publication);
    const found = routing.routeAtOnce(vhost, mirror.exchange, publication);
    const copies = filters.apply(found, publication, origins);
    this.stepCount = routing.stepCount + filters.lastCost;
    if (copies.queues.length === 0) return route;
    const queues = [...new Set([...route.queues, ...copies.queues])];
    return { queues, indexes: queues.map((queue) => queue.index) };
  }

  /** The same for a message that the broker publishes on its own, whose address does not change. */
  extendUnawaited(route: Route, publication: Publication): Route {
    const { exchange, routingKey, remembered } = publication;
    const mirror = this.targetOf(routingKey);
    if (mirror === undefined) return route;
    const extended = this.extend(route, publication, mirror, []);
    publication.setAddress('', routingKey);
    publication.exchange = exchange;
    publication.remembered = remembered;
    return extended;
  }
}
