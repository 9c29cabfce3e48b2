// Retained messages for new subscriptions.

import { formatNumbers } from '../../../broker/format.ts';
import { publicationOf } from '../../../broker/held/held-messages.ts';
import type { Queue } from '../../../broker/queue.ts';
import type { RetainedTopic } from '../../../broker/retained/retained-messages.ts';
import type { SessionSubscription } from '../../../broker/sessions/stored-session.ts';
import { Delivery } from '../../../broker/subscription.ts';
import { startsWithWildcard } from '../address.ts';
import { HeadView, writeHead } from '../codec/head.ts';
import type { MqttHost } from '../host.ts';
import { retainedAheadBytesMax, retainedAheadCountMax } from '../limits.ts';
import type { Outgoing } from './outgoing.ts';

/** Number of topic names that are examined in one step of about ten microseconds. */
const examinedPerStep = 32;

/** The retained messages that the first subscription still has to be sent. */
interface Reading {
  readonly subscription: SessionSubscription;
  readonly steps: Iterator<RetainedTopic | undefined>;
}

/**
 * Adds the retained messages for new subscriptions to the queues of the session, a few at a time, so that
 * the queue never has many more than the client takes. From there they are sent like other messages.
 */
export class RetainedReader {
  readonly #host: MqttHost;
  readonly #outgoing: Outgoing;
  /** Subscriptions whose retained messages have not been read yet, by filter, oldest first. */
  readonly #waiting = new Map<string, SessionSubscription>();
  #reading: Reading | undefined = undefined;
  readonly #view = new Delivery();
  readonly #head = new HeadView();
  /** A message that is being loaded. */
  #loading: RetainedTopic | undefined = undefined;
  /** Whether a job adds messages. */
  #isWorking = false;
  #isOver = false;

  constructor(host: MqttHost, outgoing: Outgoing) {
    this.#host = host;
    this.#outgoing = outgoing;
  }

  /** Starts to send the retained messages that match a filter. */
  add(subscription: SessionSubscription): void {
    const { filter } = subscription;
    this.#waiting.delete(filter);
    this.#waiting.set(filter, subscription);
    this.#outgoing.onProgress = () => this.work();
  }

  /** The client has unsubscribed. */
  remove(filter: string): void {
    this.#waiting.delete(filter);
  }

  /** Adds messages while there is room, in steps. */
  work(): void {
    if (this.#loading !== undefined || this.#isWorking || this.#isOver) return;
    this.#isWorking = true;
    this.#host.broker.background.run(this.#addAll(), () => {
      this.#isWorking = false;
    });
  }

  *#addAll(): Generator<void> {
    let count = 0;
    for (;;) {
      const [subscription] = this.#waiting.values();
      if (subscription === undefined) {
        this.#reading = undefined;
        this.#outgoing.onProgress = undefined;
        return;
      }
      const queue = this.#host.session.queueFor(subscription);
      if (this.#isOver || queue === undefined || !hasRoom(queue)) return;
      const reading = this.#readingOf(subscription);
      const step = reading.steps.next();
      if (step.done === true) this.#waiting.delete(subscription.filter);
      else if (step.value !== undefined && !this.#add(step.value, reading, queue)) return;
      // A message that is copied takes as long as many names that are examined.
      if (step.value !== undefined || ++count % examinedPerStep === 0) yield;
    }
  }

  #readingOf(subscription: SessionSubscription): Reading {
    if (this.#reading?.subscription === subscription) return this.#reading;
    this.#reading = { subscription, steps: this.#match(subscription) };
    return this.#reading;
  }

  #match({ filter }: SessionSubscription): Iterator<RetainedTopic | undefined> {
    const { broker, dialect } = this.#host;
    return broker.retained.match(dialect.vhost.name, dialect.retainedPattern(filter));
  }

  /** Returns false if the message must be loaded first. */
  #add(entry: RetainedTopic, reading: Reading, queue: Queue): boolean {
    const { sequence, held, topic } = entry;
    const { subscription } = reading;
    if (sequence < 0) return true; // it was cleared
    const { broker, dialect } = this.#host;
    const isReserved = dialect.isReserved(dialect.topicOf(topic));
    if (isReserved && startsWithWildcard(subscription.filter)) return true;
    if (!held.view(sequence, this.#view)) {
      this.#load(entry, reading);
      return false;
    }
    const nowMs = broker.nowMs();
    if (this.#view.expiresAtMs <= nowMs) broker.retained.clear(dialect.vhost.name, topic);
    else this.#copy(subscription, queue, this.#view.expiresAtMs - nowMs);
    return true;
  }

  /** Adds a copy of the message in the view to a queue. [MQTT-3.3.1-8] */
  #copy({ qos, id }: SessionSubscription, queue: Queue, leftMs: number): void {
    const publication = publicationOf(this.#view);
    const { head, headStart, headEnd } = publication;
    const stored = this.#head.open(head, headStart, headEnd);
    const { hidden } = stored;
    const bytes = writeHead({
      qos: stored.qos,
      isRetained: true,
      isNative: stored.isNative,
      ttlMs: stored.ttlMs,
      copy: { qos, subscriptionId: id },
      ...(hidden !== undefined && { hidden }),
      visible: head.subarray(stored.visibleAt, stored.visibleEnd),
    });
    publication.head = bytes;
    publication.headStart = 0;
    publication.headEnd = bytes.length;
    publication.format = formatNumbers.mqtt;
    publication.expirationMs = leftMs === Infinity ? -1 : leftMs;
    this.#host.broker.storeQuietly(publication, [queue]);
  }

  #load(entry: RetainedTopic, reading: Reading): void {
    this.#loading = entry;
    const { broker } = this.#host;
    const loaded = () => {
      this.#loading = undefined;
      const queue = this.#host.session.queueFor(reading.subscription);
      if (this.#isOver || queue === undefined) return;
      if (this.#add(entry, reading, queue)) this.work();
      broker.pump();
    };
    // A block that cannot be read means that the log has failed, which ends the broker.
    const failed = () => broker.flow.block('storage failed');
    entry.held.load(entry.sequence).then(loaded, failed);
  }

  /** The connection has ended. */
  stop(): void {
    this.#isOver = true;
    this.#waiting.clear();
    this.#reading = undefined;
  }
}

function hasRoom({ readyCount, readyBytes }: Queue): boolean {
  return readyCount < retainedAheadCountMax && readyBytes < retainedAheadBytesMax;
}
