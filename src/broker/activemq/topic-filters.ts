import { BrokerError } from '../errors.ts';
import type { Route } from '../exchanges/router.ts';
import type { Publication } from '../publication.ts';
import type { Queue } from '../queue.ts';
import { MessageSubject, type SubjectHost } from './message-subject.ts';
import type { Selector } from './selectors/selector.ts';

/** What a subscription to topics does not want. */
export interface TopicFilter {
  readonly selector: Selector | undefined;
  /** Messages of this client are not wanted (noLocal): a connection or a client id. */
  readonly unwantedOrigin: unknown;
}

/**
 * Selectors of subscriptions to topics: a message that does not match never enters the
 * subscription's queue.
 */
export class TopicFilters {
  readonly #byQueue = new Map<Queue, TopicFilter>();
  readonly #subject: MessageSubject;
  readonly #costMax: number;

  /** @param costMax what all selectors of one route may cost together; see `Selector.cost` */
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
   * The part of a route that wants the message.
   *
   * @param origins who sends it: its connection and its client id
   * @throws {BrokerError} `precondition-failed` where too much would have to be compared
   */
  apply(route: Route, publication: Publication, origins: readonly unknown[]): Route {
    if (this.#byQueue.size === 0 || route.queues.length === 0) return route;
    let subject: MessageSubject | undefined;
    let cost = 0;
    const isWanted = (queue: Queue): boolean => {
      const filter = this.#byQueue.get(queue);
      if (filter === undefined) return true;
      const { selector, unwantedOrigin } = filter;
      if (unwantedOrigin !== undefined && origins.includes(unwantedOrigin)) return false;
      if (selector === undefined) return true;
      cost += selector.cost;
      if (cost > this.#costMax) throw this.#tooCostly();
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
