// Composite destinations of the configuration, which forward messages.

import type { Address } from '../../conversion/properties.ts';
import { BrokerError } from '../../errors.ts';
import type { Exchange } from '../../exchanges/exchange.ts';
import type { MessageRouter } from '../../exchanges/message-router.ts';
import type { Route } from '../../exchanges/route-cache.ts';
import type { Limits } from '../../limits.ts';
import type { Publication } from '../../publication.ts';
import type { Queue } from '../../queue.ts';
import type { Vhost } from '../../vhost.ts';
import type { CompositeDestination } from '../configuration.ts';
import { qualifiedName } from '../destination.ts';
import { MessageSubject, type SubjectHost } from '../message-subject.ts';
import { PolicyMap } from '../policies/policy-map.ts';
import { Selector } from '../selectors/selector.ts';
import { SendTarget } from '../send-target.ts';
import type { TopicFilters } from '../topic-filters.ts';

/** Number of steps that take as long as to pass over a subscription to a target. */
const stepsPerSubscription = 3;

/** The parts of the destinations that are needed here. */
export interface CompositeHost {
  readonly routing: MessageRouter;
  readonly vhost: Vhost;
  /** The exchange of all topics. */
  readonly topics: Exchange;
  readonly filters: TopicFilters;
  readonly subjects: SubjectHost;
  readonly limits: Pick<Limits, 'forwardStepCountMax'>;
  /** Creates a queue that does not exist, whatever the permissions of the sender. */
  createQueue(name: string): Queue;
}

interface Target {
  readonly target: SendTarget;
  readonly selector: Selector | undefined;
}

/** Where the messages of a destination are forwarded. */
export interface Forwarding {
  readonly keeps: CompositeDestination['keeps'];
  readonly targets: readonly Target[];
}

/** Finds the routes of messages to composite destinations. Copies are not forwarded again. */
export class Composites {
  /** The steps of the last route. */
  stepCount = 0;
  readonly #host: CompositeHost;
  readonly #map: PolicyMap<Forwarding | undefined>;
  readonly #subject: MessageSubject;

  constructor(host: CompositeHost, composites: readonly CompositeDestination[]) {
    this.#host = host;
    this.#subject = new MessageSubject(host.subjects);
    const entries = composites.map(({ of, keeps, targets }) => ({
      of,
      policy: { keeps, targets: targets.map((target) => this.#compiled(target)) },
    }));
    this.#map = new PolicyMap<Forwarding | undefined>(entries, undefined);
  }

  #compiled({ address, selector }: CompositeDestination['targets'][number]): Target {
    const { vhost, topics } = this.#host;
    const exchange = address.kind === 'topic' ? topics : vhost.exchange('');
    return {
      target: new SendTarget(address, exchange, address.name, qualifiedName(address)),
      selector:
        selector === undefined ? undefined : new Selector(selector, { convertsText: false }),
    };
  }

  /** Returns where messages to a destination are forwarded; undefined for ordinary destinations. */
  of(address: Address): Forwarding | undefined {
    return this.#map.of(address);
  }

  /**
   * Returns the route to all targets that want a message. The address of the message may be that of
   * a target afterwards.
   *
   * @param own the route to the destination itself
   * @throws {BrokerError} if a queue cannot be created; `precondition-failed` if the targets have too many
   *   subscriptions
   */
  route(
    { keeps, targets }: Forwarding,
    own: Route,
    publication: Publication,
    origins: readonly unknown[],
  ): Route {
    const { routing, vhost, filters } = this.#host;
    const queues = new Set<Queue>(keeps === 'all' ? own.queues : []);
    let isMatched = false;
    this.stepCount = targets.length;
    for (const { target, selector } of targets) {
      this.stepCount += selector?.cost ?? 0;
      if (selector?.matches(this.#subject.ofPublication(publication)) === false) continue;
      isMatched = true;
      const { kind, name } = target.address;
      if (kind === 'queue') {
        queues.add(vhost.queues.get(name) ?? this.#host.createQueue(name));
        continue;
      }
      target.addressTo(publication);
      const found = routing.routeAtOnce(vhost, target.exchange, publication);
      this.stepCount += routing.stepCount + found.queues.length * stepsPerSubscription;
      for (const queue of filters.apply(found, publication, origins).queues) queues.add(queue);
      this.stepCount += filters.lastCost;
      this.#requireFewSteps();
    }
    if (keeps === 'unmatched' && !isMatched) for (const queue of own.queues) queues.add(queue);
    const all = [...queues];
    return { queues: all, indexes: all.map(({ index }) => index) };
  }

  #requireFewSteps(): void {
    const { forwardStepCountMax } = this.#host.limits;
    if (this.stepCount <= forwardStepCountMax) return;
    const why = `the subscriptions to its targets take more than ${forwardStepCountMax} steps`;
    throw new BrokerError('precondition-failed', `message cannot be forwarded: ${why}`);
  }
}
