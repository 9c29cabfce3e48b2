// Earlier messages for new subscriptions: retained ones, and those that topics keep.

import { formatNumbers } from '../../../broker/format.ts';
import { publicationOf } from '../../../broker/held/held-messages.ts';
import { Publication } from '../../../broker/publication.ts';
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

/** The earlier messages that a subscription is sent. */
export interface EarlierMessages {
  readonly subscription: SessionSubscription;
  /** Whether retained messages are among them. */
  readonly hasRetained: boolean;
  /** See `VhostDialect.recovery`. */
  readonly recovery: Iterator<Publication | undefined> | undefined;
}

/** The messages that the first subscription still has to be sent. */
interface Reading {
  readonly wanted: EarlierMessages;
  readonly steps: Iterator<RetainedTopic | Publication | undefined>;
}

/**
 * Adds the earlier messages for new subscriptions to the queues of the session, a few at a time, so that
 * the queue never has many more than the client takes. From there they are sent like other messages.
 */
export class EarlierReader {
  readonly #host: MqttHost;
  readonly #outgoing: Outgoing;
  /** What has not been read yet, by filter, oldest first. */
  readonly #waiting = new Map<string, EarlierMessages>();
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

  /** Starts to send the earlier messages that match a filter. */
  add(wanted: EarlierMessages): void {
    const { filter } = wanted.subscription;
    const { recovery = this.#waiting.get(filter)?.recovery } = wanted;
    this.#waiting.delete(filter);
    this.#waiting.set(filter, { ...wanted, recovery });
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
      const [wanted] = this.#waiting.values();
      if (wanted === undefined) {
        this.#reading = undefined;
        this.#outgoing.onProgress = undefined;
        return;
      }
      const queue = this.#host.session.queueFor(wanted.subscription);
      if (this.#isOver || queue === undefined || !hasRoom(queue)) return;
      const reading = this.#readingOf(wanted);
      const step = reading.steps.next();
      if (step.done === true) this.#waiting.delete(wanted.subscription.filter);
      else if (step.value !== undefined && !this.#add(step.value, reading, queue)) return;
      // A message that is copied takes as long as many names that are examined.
      if (step.value !== undefined || ++count % examinedPerStep === 0) yield;
    }
  }

  #readingOf(wanted: EarlierMessages): Reading {
    if (this.#reading?.wanted === wanted) return this.#reading;
    this.#reading = { wanted, steps: this.#stepsOf(wanted) };
    return this.#reading;
  }

  *#stepsOf(wanted: EarlierMessages): Generator<RetainedTopic | Publication | undefined> {
    const { subscription, hasRetained, recovery } = wanted;
    const { broker, dialect } = this.#host;
    if (hasRetained) {
      const pattern = dialect.retainedPattern(subscription.filter);
      yield* broker.retained.match(dialect.vhost.name, pattern);
    }
    for (let step = recovery?.next(); step !== undefined && step.done !== true; ) {
      yield step.value;
      step = recovery?.next();
    }
  }

  /** Returns false if the message must be loaded first. */
  #add(entry: RetainedTopic | Publication, reading: Reading, queue: Queue): boolean {
    if (entry instanceof Publication) {
      this.#host.broker.storeQuietly(entry, [queue]);
      return true;
    }
    const { sequence, held, topic } = entry;
    const { subscription } = reading.wanted;
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
      const queue = this.#host.session.queueFor(reading.wanted.subscription);
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
