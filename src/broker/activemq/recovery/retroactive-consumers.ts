// Consumers that first get earlier messages of their topics.

import { noArguments } from '../../arguments.ts';
import type { Broker } from '../../broker.ts';
import type { Exchange } from '../../exchanges/exchange.ts';
import { activemqAlphabet, parsePattern } from '../../patterns/alphabet.ts';
import type { Publication } from '../../publication.ts';
import type { Queue } from '../../queue.ts';
import type { Consumer, Delivery } from '../../subscription.ts';
import type { Vhost } from '../../vhost.ts';
import type { ConsumeRequest } from '../consumption.ts';
import { MessageSubject, type SubjectHost } from '../message-subject.ts';
import type { QueuePolicies } from '../policies/queue-policies.ts';
import type { Selector } from '../selectors/selector.ts';
import { type KeptMessage, KeptTopics } from './kept-topics.ts';
import { limitPending } from './pending-limit.ts';

/** The queue through which all topics pass, which clients cannot name. */
export const recoveryQueueName = 'amq.recovery';
/** Maximum number of earlier messages that a consumer gets: the newest ones. */
export const recoveredCountMax = 1000;
/** Maximum size of these messages together, bytes. */
export const recoveredBytesMax = 4 * 1024 * 1024;
/** Maximum number of operands of selectors that are evaluated for one consumer. */
const operandCountMax = 400_000;

/** Number of messages that are examined or added in one step. */
const stepSize = 8;
/** Number of operands that are evaluated in about a microsecond. */
const operandsPerUnit = 10;

/** The kept messages that a consumer gets. */
interface Wanted {
  readonly names: readonly string[];
  readonly selector: Selector | undefined;
  /** The number of the last message before the consumer was added. */
  readonly lastNumber: number;
}

/** The operations of the broker that are needed here. */
export interface RetroactiveHost extends SubjectHost {
  readonly broker: Broker;
  readonly vhost: Vhost;
}

/**
 * Keeps recent messages of topics, and adds them to the queues of retroactive consumers. It
 * receives messages as a consumer of all topics, so that those of a transaction are kept when it
 * commits.
 */
export class RetroactiveConsumers implements Consumer {
  readonly isWritable = true;
  readonly #host: RetroactiveHost;
  readonly #policies: QueuePolicies;
  readonly #kept: KeptTopics;
  readonly #subject: MessageSubject;
  #queue: Queue | undefined = undefined;

  constructor(host: RetroactiveHost, policies: QueuePolicies) {
    this.#host = host;
    this.#policies = policies;
    this.#subject = new MessageSubject(host);
    this.#kept = new KeptTopics((topic) => policies.recoveryOf(topic));
  }

  /** Begins to keep messages. */
  start(topics: Exchange): void {
    if (this.#queue !== undefined) return;
    const { vhost } = this.#host;
    const options = { durable: false, exclusive: false, autoDelete: false, arguments: noArguments };
    const queue = vhost.declareFreeQueue(recoveryQueueName, options, this);
    vhost.bind(topics, queue, activemqAlphabet.manyWords, noArguments);
    queue.subscribe(this, {
      settled: true,
      exclusive: true,
      priority: 0,
      prefetch: Infinity,
      pool: undefined,
      owner: this,
    });
    this.#queue = queue;
  }

  /** Whether messages of a topic are kept. */
  keeps(topic: string): boolean {
    return this.#kept.has(topic, this.#host.nowMs());
  }

  /** Whether a queue is the one that receives the messages to keep. */
  owns(queue: Queue): boolean {
    return queue === this.#queue;
  }

  deliver(delivery: Delivery): void {
    this.#kept.add(delivery.routingKey(), delivery, this.#host.nowMs());
  }

  cancelled(): void {
    this.#queue = undefined;
  }

  /**
   * A consumer of topics was added: limits the messages that wait for it, and adds kept ones.
   *
   * @param queue of the consumer
   * @param names topics, perhaps with wildcards, but no temporary ones
   */
  opened(queue: Queue, request: ConsumeRequest, names: readonly string[]): void {
    const policies = names.map((name) => this.#policies.settings.policyOf({ kind: 'topic', name }));
    if (!queue.index.isDurable) limitPending(queue, request, policies, this.#subject);
    const isRetroactive =
      request.isRetroactive === true || policies.some((policy) => policy.isAlwaysRetroactive);
    const isNew = queue.index.next === 0;
    if (isRetroactive && isNew) this.#recover(names, request.selector, queue);
  }

  /**
   * Returns the kept messages of some topics, for a new retroactive subscription without a consumer of its own,
   * which adds them itself. The messages belong to the broker: they are stored before the next step.
   *
   * @param names topics, perhaps with wildcards
   * @returns steps with the messages up to now, oldest first; undefined for those without one
   */
  recovery(names: readonly string[]): Iterator<Publication | undefined> | undefined {
    if (this.#queue === undefined) return undefined;
    this.#queue.deliver();
    return this.#recovered({ names, selector: undefined, lastNumber: this.#kept.lastNumber });
  }

  /**
   * Adds the kept messages of some topics to the queue of a new consumer, oldest first, in steps.
   * Messages that are sent before the last step can precede some of them.
   */
  #recover(names: readonly string[], selector: Selector | undefined, to: Queue): void {
    if (this.#queue === undefined) return;
    this.#queue.deliver();
    // Later messages are added to the queue like those for any consumer.
    const { lastNumber } = this.#kept;
    const { background } = this.#host.broker;
    background.run(this.#recoverAll({ names, selector, lastNumber }, to));
  }

  *#recoverAll(wanted: Wanted, to: Queue): Generator<void> {
    let count = 0;
    for (const publication of this.#recovered(wanted)) {
      if (to.isDeleted) return;
      if (publication !== undefined) this.#host.broker.storeQuietly(publication, [to]);
      if (publication === undefined || ++count % stepSize === 0) yield;
    }
  }

  /** The kept messages that a consumer gets, oldest first; undefined for a step of the search for them. */
  *#recovered(wanted: Wanted): Generator<Publication | undefined> {
    const found: KeptMessage[] = [];
    for (const _ of this.#search(wanted, found)) yield undefined;
    for (const { publication, expiresAtMs } of found.reverse()) {
      const nowMs = this.#host.nowMs();
      if (expiresAtMs <= nowMs) continue;
      publication.expirationMs = expiresAtMs === Infinity ? -1 : expiresAtMs - nowMs;
      yield publication;
    }
  }

  /** Finds the kept messages that a consumer gets, newest first. */
  *#search({ names, selector, lastNumber }: Wanted, found: KeptMessage[]): Generator<void> {
    const cost = selector?.cost ?? 0;
    let count = 0;
    let bytes = 0;
    let operandsLeft = operandCountMax;
    const nowMs = this.#host.nowMs();
    const patterns = names.map((name) => parsePattern(activemqAlphabet, name));
    for (const message of this.#kept.newestFirst(patterns, lastNumber, nowMs)) {
      if (message === undefined) {
        yield;
        continue;
      }
      operandsLeft -= cost;
      if (operandsLeft < 0 || found.length >= recoveredCountMax) return;
      const isWanted = this.#matches(selector, message);
      if (++count % stepSize === 0) yield;
      if (!isWanted) continue;
      bytes += message.sizeBytes;
      if (bytes > recoveredBytesMax) return;
      found.push(message);
    }
  }

  #matches(selector: Selector | undefined, { publication }: KeptMessage): boolean {
    if (selector === undefined) return true;
    this.#host.broker.background.spend(Math.ceil(selector.cost / operandsPerUnit));
    return selector.matches(this.#subject.ofPublication(publication));
  }
}
