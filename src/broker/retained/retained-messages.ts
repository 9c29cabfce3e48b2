// The retained messages of topics.

import { textBytes } from '../../base/byte-text.ts';
import type { MessageStore } from '../../storage/message-store.ts';
import type { QueueIndex } from '../../storage/queue-index.ts';
import { BrokerError } from '../errors.ts';
import { HeldMessages } from '../held/held-messages.ts';
import type { Limits } from '../limits.ts';
import type { Pattern } from '../patterns/alphabet.ts';
import type { Publication } from '../publication.ts';
import type { Background } from '../turns/background.ts';
import { TopicTree } from './topic-tree.ts';

/** A change of retained messages, as stored in the log. The messages are records of their own. */
export type RetainedChange =
  | {
      readonly kind: 'retained';
      readonly vhost: string;
      readonly topic: string;
      /** The number of the index in records. */
      readonly number: number;
    }
  | { readonly kind: 'retained-cleared'; readonly vhost: string; readonly topic: string };

/** The interface to the broker. */
export interface RetainedHost {
  readonly store: MessageStore;
  readonly limits: Pick<Limits, 'retainedCountMax' | 'retainedBytesMax'>;
  readonly background: Background;
  readonly isRecovering: boolean;
  nowMs(): number;
  define(change: RetainedChange): void;
  newQueueIndex(number: number | undefined, isDurable: boolean): QueueIndex;
}

/** Memory that a topic is counted with besides its message, in bytes. */
const topicBytes = 512;

/**
 * A topic with its retained message. Each topic has an index of its own, so that a message that
 * stays for years does not keep the memory of messages that came and went on other topics.
 */
export class RetainedTopic {
  readonly topic: string;
  readonly held: HeldMessages;
  /** The number of the message in the index; -1 before the first one. */
  sequence = -1;
  /** What counts towards the limit, in bytes. */
  sizeBytes = 0;

  constructor(topic: string, held: HeldMessages) {
    this.topic = topic;
    this.held = held;
  }
}

interface VhostTopics {
  readonly byName: Map<string, RetainedTopic>;
  readonly tree: TopicTree<RetainedTopic>;
  sizeBytes: number;
}

/** The last retained message of each topic, in all virtual hosts. They survive restarts. */
export class RetainedMessages {
  readonly #host: RetainedHost;
  readonly #byVhost = new Map<string, VhostTopics>();

  constructor(host: RetainedHost) {
    this.#host = host;
  }

  #of(vhost: string): VhostTopics {
    const found = this.#byVhost.get(vhost) ?? {
      byName: new Map<string, RetainedTopic>(),
      tree: new TopicTree<RetainedTopic>(),
      sizeBytes: 0,
    };
    this.#byVhost.set(vhost, found);
    return found;
  }

  /** The number of retained messages of a virtual host. */
  count(vhost: string): number {
    return this.#byVhost.get(vhost)?.byName.size ?? 0;
  }

  /** What the retained messages of a virtual host count towards the limit, in bytes. */
  sizeBytes(vhost: string): number {
    return this.#byVhost.get(vhost)?.sizeBytes ?? 0;
  }

  /**
   * Checks whether a message can be retained.
   *
   * @throws {BrokerError} `resource-error` if there are too many, or they are too large
   */
  requireRoom(vhost: string, topic: string, bodyLength: number): void {
    const { byName, sizeBytes } = this.#of(vhost);
    const { retainedCountMax, retainedBytesMax } = this.#host.limits;
    const before = byName.get(topic);
    if (before === undefined && byName.size >= retainedCountMax) {
      const why = `limit of retained messages in vhost '${vhost}' (${retainedCountMax}) is reached`;
      throw new BrokerError('resource-error', why);
    }
    const sum = sizeBytes - (before?.sizeBytes ?? 0) + sizeOf(topic, bodyLength);
    if (sum <= retainedBytesMax) return;
    const found = `the retained messages in vhost '${vhost}' would have ${sum} bytes`;
    throw new BrokerError('resource-error', `${found}; at most ${retainedBytesMax} are allowed`);
  }

  /**
   * Retains a copy of a message in place of the previous one. Must be called in a batch of the
   * store, and after {@link requireRoom}.
   */
  set(vhost: string, topic: string, publication: Publication): void {
    const topics = this.#of(vhost);
    const entry = topics.byName.get(topic) ?? this.#create(vhost, topic);
    const before = entry.sequence;
    const { expirationMs } = publication;
    const nowMs = this.#host.nowMs();
    const dueMs = expirationMs < 0 ? Infinity : nowMs + expirationMs;
    entry.sequence = entry.held.add(publication, nowMs, dueMs);
    if (before >= 0) entry.held.remove(before);
    this.#resize(topics, entry, sizeOf(topic, publication.bodyLength));
  }

  #resize(topics: VhostTopics, entry: RetainedTopic, sizeBytes: number): void {
    topics.sizeBytes += sizeBytes - entry.sizeBytes;
    entry.sizeBytes = sizeBytes;
  }

  #create(vhost: string, topic: string): RetainedTopic {
    const queueIndex = this.#host.newQueueIndex(undefined, true);
    this.#host.define({ kind: 'retained', vhost, topic, number: queueIndex.number });
    return this.#add(vhost, topic, queueIndex);
  }

  #add(vhost: string, topic: string, queueIndex: QueueIndex): RetainedTopic {
    const topics = this.#of(vhost);
    const entry = new RetainedTopic(topic, new HeldMessages(this.#host.store, queueIndex));
    topics.byName.set(topic, entry);
    topics.tree.set(topic, entry);
    return entry;
  }

  /** Deletes the retained message of a topic, if there is one. */
  clear(vhost: string, topic: string): void {
    if (this.#byVhost.get(vhost)?.byName.has(topic) !== true) return;
    this.#host.define({ kind: 'retained-cleared', vhost, topic });
    this.#remove(vhost, topic);
  }

  /** Whether a topic has a retained message. */
  has(vhost: string, topic: string): boolean {
    return this.#byVhost.get(vhost)?.byName.has(topic) === true;
  }

  /** The topics with a retained message. */
  topicsOf(vhost: string): readonly string[] {
    return [...(this.#byVhost.get(vhost)?.byName.keys() ?? [])];
  }

  #remove(vhost: string, topic: string): void {
    const topics = this.#of(vhost);
    const entry = topics.byName.get(topic);
    if (entry === undefined) return;
    this.#resize(topics, entry, 0);
    topics.byName.delete(topic);
    topics.tree.delete(topic);
    entry.sequence = -1;
    entry.held.unlink();
    while (entry.held.drop());
  }

  /**
   * Finds retained messages by a pattern of topic names.
   *
   * @returns a step for each examined name; undefined for those that do not match
   */
  match(vhost: string, pattern: Pattern): Generator<RetainedTopic | undefined> {
    return this.#of(vhost).tree.match(pattern);
  }

  /** Applies a change from the log. */
  apply(change: RetainedChange): void {
    const { vhost, topic } = change;
    if (change.kind === 'retained-cleared') this.#remove(vhost, topic);
    else if (this.#of(vhost).byName.get(topic)?.held.index.number !== change.number) {
      this.#remove(vhost, topic);
      this.#add(vhost, topic, this.#host.newQueueIndex(change.number, true));
    }
  }

  /** All messages have been recovered: the last one of each topic counts. */
  recovered(): void {
    for (const [vhost, topics] of this.#byVhost) {
      for (const entry of [...topics.byName.values()]) {
        const { index: queueIndex } = entry.held;
        for (let s = queueIndex.liveFrom(0); s < queueIndex.next; s = queueIndex.liveFrom(s + 1)) {
          if (entry.sequence >= 0) entry.held.remove(entry.sequence);
          entry.sequence = s;
        }
        if (entry.sequence < 0) this.#remove(vhost, entry.topic);
        else
          this.#resize(topics, entry, sizeOf(entry.topic, queueIndex.bodyLength(entry.sequence)));
      }
    }
  }

  /** A virtual host was deleted. */
  forget(vhost: string): void {
    const topics = this.#byVhost.get(vhost);
    this.#byVhost.delete(vhost);
    if (topics === undefined) return;
    this.#host.background.run(dropAll([...topics.byName.values()]));
  }

  /** The changes that recreate the topics, without their messages. */
  *snapshot(): Generator<RetainedChange> {
    for (const [vhost, { byName }] of this.#byVhost) {
      for (const { topic, held } of byName.values()) {
        yield { kind: 'retained', vhost, topic, number: held.index.number };
      }
    }
  }
}

function* dropAll(entries: readonly RetainedTopic[]): Generator<void> {
  for (const { held } of entries) {
    held.unlink();
    yield* held.dropAll();
    yield;
  }
}

function sizeOf(topic: string, bodyLength: number): number {
  return bodyLength + textBytes(topic) + topicBytes;
}
