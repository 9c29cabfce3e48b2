// Filters of topic subscriptions: selectors and noLocal.

import { BrokerError } from '../errors.ts';
import type { Route } from '../exchanges/route-cache.ts';
import type { Publication } from '../publication.ts';
import type { Queue } from '../queue.ts';
import { MessageSubject, type SubjectHost } from './message-subject.ts';
import type { Selector } from './selectors/selector.ts';
import type { SelectorAwareQueues } from './virtual/selector-aware-queues.ts';

/** The messages that a topic subscription excludes. */
export interface TopicFilter {
  readonly selector: Selector | undefined;
  /** The connection or client id whose messages are excluded (noLocal). */
  readonly unwantedOrigin: unknown;
}

/**
 * The selectors of topic subscriptions. A message that does not match is not added to the
 * subscription's queue.
 */
export class TopicFilters {
  /** The total cost of the selectors of the last route. */
  lastCost = 0;
  readonly #byQueue = new Map<Queue, TopicFilter>();
  /** The total cost of all selectors. */
  #cost = 0;
  readonly #subject: MessageSubject;
  readonly #costMax: number;
  readonly #aware: SelectorAwareQueues;

  /**
   * @param costMax maximum total cost of all selectors, since a message can reach all subscriptions;
   *   see `Selector.cost`
   * @param aware queues of virtual topics that only get what their consumers select
   */
  constructor(host: SubjectHost, costMax: number, aware: SelectorAwareQueues) {
    this.#subject = new MessageSubject(host);
    this.#costMax = costMax;
    this.#aware = aware;
  }

  /** @throws {BrokerError} `resource-error` if a further selector would exceed the total cost */
  requireRoom(selector: Selector | undefined): void {
    const sum = this.#cost + (selector?.cost ?? 0);
    if (selector === undefined || sum <= this.#costMax) return;
    const found = `the selectors of all topic subscriptions would have ${sum} operands`;
    throw new BrokerError('resource-error', `${found}; at most ${this.#costMax} are allowed`);
  }

  set(queue: Queue, filter: TopicFilter): void {
    this.delete(queue);
    this.#byQueue.set(queue, filter);
    this.#cost += filter.selector?.cost ?? 0;
  }

  /** Returns the filter of a queue; undefined if it has none. */
  of(queue: Queue): TopicFilter | undefined {
    return this.#byQueue.get(queue);
  }

  delete(queue: Queue): void {
    this.#cost -= this.#byQueue.get(queue)?.selector?.cost ?? 0;
    this.#byQueue.delete(queue);
  }

  /**
   * Returns the part of a route that the message matches.
   *
   * @param origins the connection and the client id of the sender
   */
  apply(route: Route, publication: Publication, origins: readonly unknown[]): Route {
    this.lastCost = 0;
    const isAware = this.#aware.areUsed;
    if ((this.#byQueue.size === 0 && !isAware) || route.queues.length === 0) return route;
    let subject: MessageSubject | undefined;
    const read = () => {
      subject ??= this.#subject.ofPublication(publication);
      return subject;
    };
    const isWanted = (queue: Queue): boolean => {
      const filter = this.#byQueue.get(queue);
      if (filter === undefined) return !isAware || this.#isTaken(queue, read);
      const { selector, unwantedOrigin } = filter;
      if (unwantedOrigin !== undefined && origins.includes(unwantedOrigin)) return false;
      if (selector === undefined) return true;
      this.lastCost += selector.cost;
      return selector.matches(read());
    };
    const queues = route.queues.filter(isWanted);
    if (queues.length === route.queues.length) return route;
    return { queues, indexes: queues.map(({ index }) => index) };
  }

  #isTaken(queue: Queue, read: () => MessageSubject): boolean {
    const isTaken = this.#aware.takes(queue, read);
    this.lastCost += this.#aware.lastCost;
    return isTaken;
  }
}
