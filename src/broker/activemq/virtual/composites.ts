// Composite destinations of the configuration, which forward messages.

import type { Address } from '../../conversion/properties.ts';
import type { Route } from '../../exchanges/route-cache.ts';
import type { Publication } from '../../publication.ts';
import type { Queue } from '../../queue.ts';
import type { CompositeDestination } from '../configuration.ts';
import { MessageSubject, type SubjectHost } from '../message-subject.ts';
import { PolicyMap } from '../policies/policy-map.ts';
import { Selector } from '../selectors/selector.ts';
import type { SendTarget } from '../send-target.ts';

/** The operations of the destinations that are needed here. */
export interface CompositeHost extends SubjectHost {
  sendTarget(address: Address): SendTarget;
  /** Returns a queue, and creates it if it does not exist, whatever the permissions of the sender. */
  forwardQueue(name: string): Queue;
  /** Routes a message to a topic. */
  topicRoute(topic: SendTarget, publication: Publication, origins: readonly unknown[]): Route;
}

interface Target {
  readonly target: SendTarget;
  readonly selector: Selector | undefined;
}

/** Where the messages of a destination are forwarded. */
export interface Forwarding {
  /** Whether the messages go only to the others. */
  readonly isForwardOnly: boolean;
  readonly targets: readonly Target[];
}

/** Finds the routes of messages to composite destinations. Copies are not forwarded again. */
export class Composites {
  readonly #host: CompositeHost;
  readonly #map: PolicyMap<Forwarding | undefined>;
  readonly #subject: MessageSubject;

  constructor(host: CompositeHost, composites: readonly CompositeDestination[]) {
    this.#host = host;
    this.#subject = new MessageSubject(host);
    const entries = composites.map(({ of, isForwardOnly, targets }) => ({
      of,
      policy: {
        isForwardOnly,
        targets: targets.map(({ address, selector }) => ({
          target: host.sendTarget(address),
          selector:
            selector === undefined ? undefined : new Selector(selector, { convertsText: false }),
        })),
      },
    }));
    this.#map = new PolicyMap<Forwarding | undefined>(entries, undefined);
  }

  /** Returns where messages to a destination are forwarded; undefined for ordinary destinations. */
  of(address: Address): Forwarding | undefined {
    return this.#map.of(address);
  }

  /**
   * Returns the route to all targets that want a message. The address of the message is not changed.
   *
   * @param own the route to the destination itself
   * @throws {BrokerError} if a queue cannot be created
   */
  route(
    { isForwardOnly, targets }: Forwarding,
    own: Route,
    publication: Publication,
    origins: readonly unknown[],
  ): Route {
    const queues = new Set<Queue>(isForwardOnly ? [] : own.queues);
    const { exchange, routingKey, remembered } = publication;
    for (const { target, selector } of targets) {
      if (selector?.matches(this.#subject.ofPublication(publication)) === false) continue;
      const { kind, name } = target.address;
      if (kind === 'queue') queues.add(this.#host.forwardQueue(name));
      else for (const queue of this.#topicQueues(target, publication, origins)) queues.add(queue);
    }
    publication.exchange = exchange;
    publication.routingKey = routingKey;
    publication.remembered = remembered;
    const all = [...queues];
    return { queues: all, indexes: all.map(({ index }) => index) };
  }

  /** The search uses the exchange and routing key of the publication, not its encoded address. */
  #topicQueues(
    target: SendTarget,
    publication: Publication,
    origins: readonly unknown[],
  ): readonly Queue[] {
    publication.exchange = target.exchange;
    publication.routingKey = target.routingKey;
    publication.remembered = target;
    return this.#host.topicRoute(target, publication, origins).queues;
  }
}
