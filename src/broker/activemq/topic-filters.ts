// Filters of topic subscriptions: selectors and noLocal.

import { BrokerError } from '../errors.ts';
import type { Route } from '../exchanges/router.ts';
import type { Publication } from '../publication.ts';
import type { Queue } from '../queue.ts';
import { MessageSubject, type SubjectHost } from './message-subject.ts';
import type { Selector } from './selectors/selector.ts';

/** What a topic subscription excludes. */
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
  readonly #subject: MessageSubject;
  readonly #costMax: number;

  /** @param costMax maximum cost of all selectors of one route; see `Selector.cost` */
  constructor(host: SubjectHost, costMax: number) {
    this.#subject = new MessageSubject(host);
    this.#costMax = costMax;
  }

  set(queue: Queue, filter: TopicFilter): void {
    this.#byQueue.set(queue, filter);
  }

  delete(queue: Queue): void {
    this.#byQueue.delete(queue);
  }

  /**
   * Returns the part of a route that the message matches.
   *
   * @param origins the connection and the client id of the sender
   * @throws {BrokerError} `precondition-failed` if the evaluation would cost too much
   */
  apply(route: Route, publication: Publication, origins: readonly unknown[]): Route {
    this.lastCost = 0;
    if (this.#byQueue.size === 0 || route.queues.length === 0) return route;
    let subject: MessageSubject | undefined;
    const isWanted = (queue: Queue): boolean => {
      const filter = this.#byQueue.get(queue);
      if (filter === undefined) return true;
      const { selector, unwantedOrigin } = filter;
      if (unwantedOrigin !== undefined && origins.includes(unwantedOrigin)) return false;
      if (selector === undefined) return true;
      this.lastCost += selector.cost;
      if (this.lastCost > this.#costMax) throw this.#tooCostly();
      subject ??= this.#subject.ofPublication(publication);
      return selector.matches(subject);
    };
    const queues = route.queues.filter(isWanted);
    if (queues.length === route.queues.length) return route;
    return { queues, indexes: queues.map(({ index }) => index) };
  }

  #tooCostly(): BrokerError {
    const allowed = `more than ${this.#costMax} operands of selectors would have to be compared`;
    return new BrokerError('precondition-failed', `the message cannot be routed: ${allowed}`);
  }
}
