// The routes of messages to ActiveMQ destinations.

import type { Broker } from '../../broker.ts';
import { BrokerError } from '../../errors.ts';
import type { Route } from '../../exchanges/route-cache.ts';
import type { Publication } from '../../publication.ts';
import type { Timing } from '../../schedule/job.ts';
import type { Vhost } from '../../vhost.ts';
import { isQueue } from '../destination.ts';
import type { MessageGroups } from '../message-groups.ts';
import type { SendOptions, SendTarget } from '../send-target.ts';
import { isTopicQueue } from '../topic-consumers.ts';
import type { TopicFilters } from '../topic-filters.ts';
import type { Composites } from './composites.ts';
import type { Mirrors } from './mirrors.ts';

/** Number of comparisons of words and operands per microsecond. */
export const stepsPerUnit = 10;

/**
 * Number of subscriptions that are passed over, or copied to another route, per microsecond. Code that
 * runs for the first time takes longer: two messages to 10,000 subscriptions must not share a turn.
 */
const queuesPerUnit = 4;

/** Units of a route from which they count against the deliveries of the turn. */
const longUnits = 256;

/** The parts of the destinations that are needed here. */
export interface RoutesHost {
  readonly broker: Broker;
  readonly vhost: Vhost;
  readonly filters: TopicFilters;
  readonly mirrors: Mirrors;
  readonly composites: Composites;
  readonly groups: MessageGroups;
}

/** Finds the queues of messages: of the destination itself, its mirror, and where it forwards. */
export class DestinationRoutes {
  /** The cost of the last route, in units of about a microsecond. */
  units = 0;
  readonly #host: RoutesHost;

  constructor(host: RoutesHost) {
    this.#host = host;
  }

  /**
   * Returns the route of a message. The address of the message is that of the target.
   *
   * @param origins the sender, for consumers with noLocal
   * @throws {BrokerError} `precondition-failed`, `resource-error`
   */
  route(
    target: SendTarget,
    publication: Publication,
    origins: readonly unknown[],
    { timing, hasGroup }: SendOptions,
  ): Route {
    if (timing !== undefined) return this.#scheduled(timing);
    const found = this.#own(target, publication, origins);
    const route =
      target.forwarding === undefined
        ? found
        : this.#forwarded(found, target, publication, origins);
    if (hasGroup) this.#host.groups.expect(withoutSubscriptions(route));
    // A long search and the deliveries that follow it must not take the time of two turns.
    if (this.units >= longUnits) this.#host.broker.turns.unitsLeft -= Math.ceil(this.units);
    return route;
  }

  #own(target: SendTarget, publication: Publication, origins: readonly unknown[]): Route {
    const { broker, vhost, filters, mirrors } = this.#host;
    const { routing } = broker;
    const route = routing.routeAtOnce(vhost, target.exchange, publication);
    const steps = routing.stepCount;
    if (isQueue(target.address)) {
      this.units = steps / stepsPerUnit;
      if (target.mirror === undefined) return route;
      const extended = mirrors.extend(route, publication, target.mirror, origins);
      this.units += mirrors.stepCount / stepsPerUnit + extended.queues.length;
      target.addressTo(publication);
      return extended;
    }
    const wanted = filters.apply(route, publication, origins);
    const passed = route.queues.length / queuesPerUnit;
    this.units = (steps + filters.lastCost) / stepsPerUnit + passed + wanted.queues.length;
    return wanted;
  }

  /** Extends the route of a message to a composite destination of the configuration. */
  #forwarded(
    route: Route,
    target: SendTarget,
    publication: Publication,
    origins: readonly unknown[],
  ): Route {
    const { forwarding } = target;
    if (forwarding === undefined) return route;
    const { composites } = this.#host;
    const extended = composites.route(forwarding, route, publication, origins);
    this.units += composites.stepCount / stepsPerUnit + extended.queues.length;
    target.addressTo(publication);
    return extended;
  }

  #scheduled(timing: Timing): Route {
    const { broker, vhost } = this.#host;
    const { scheduledCountMax } = broker.limits;
    this.units = 0;
    if (broker.schedules.of(vhost.name).count < scheduledCountMax) {
      return { queues: [], indexes: [], timing };
    }
    const why = `limit of scheduled messages (${scheduledCountMax}) is reached`;
    throw new BrokerError('resource-error', `message cannot be scheduled: ${why}`);
  }
}

/** The queues of a route that are not subscriptions to topics, which have no groups. */
function withoutSubscriptions(route: Route): Pick<Route, 'queues'> {
  const { queues } = route;
  return queues.some(isTopicQueue)
    ? { queues: queues.filter((queue) => !isTopicQueue(queue)) }
    : route;
}
