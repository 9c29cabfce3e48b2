// Recent messages of topics, for retroactive consumers.

import { publicationOf } from '../../held/held-messages.ts';
import type { Pattern } from '../../patterns/alphabet.ts';
import type { Publication } from '../../publication.ts';
import { TopicTree } from '../../retained/topic-tree.ts';
import { DueHeap } from '../../schedule/due-heap.ts';
import type { Delivery } from '../../subscription.ts';
import type { RecoveryPolicy } from '../policies/destination-policy.ts';

/** Maximum number of topics with kept messages. Beyond that, the topic that is idle longest is dropped. */
export const keptTopicCountMax = 1000;
/** Maximum number of kept messages of all topics, ... */
export const keptCountMax = 20_000;
/** ... and their size in bytes. Beyond that, the messages of the topic that is idle longest are dropped. */
export const keptBytesMax = 64 * 1024 * 1024;

/** Number of names or messages that are examined in one step of about ten microseconds. */
const examinedPerStep = 64;
/** Topics in a chunk of the heap of a search, as a power of two. */
const headsShift = 6;

/** Memory of a message besides its bytes. */
const overheadBytes = 512;

/** A kept message. */
export interface KeptMessage {
  /** Its number in the order of arrival. */
  readonly number: number;
  readonly publication: Publication;
  readonly receivedAtMs: number;
  /** Milliseconds since 1970; Infinity for never. */
  readonly expiresAtMs: number;
  readonly sizeBytes: number;
}

/** The messages of one topic, oldest first. */
class KeptTopic {
  readonly policy: RecoveryPolicy;
  #messages: KeptMessage[] = [];
  #first = 0;
  bytes = 0;

  constructor(policy: RecoveryPolicy) {
    this.policy = policy;
  }

  get count(): number {
    return this.#messages.length - this.#first;
  }

  get oldest(): KeptMessage | undefined {
    return this.#messages[this.#first];
  }

  get messages(): readonly KeptMessage[] {
    return this.#messages.slice(this.#first);
  }

  add(message: KeptMessage): void {
    this.#messages.push(message);
    this.bytes += message.sizeBytes;
  }

  drop(): void {
    this.bytes -= this.oldest?.sizeBytes ?? 0;
    this.#first++;
    if (this.#first < 64 || this.#first * 2 < this.#messages.length) return;
    this.#messages = this.#messages.slice(this.#first);
    this.#first = 0;
  }

  /** Whether the policy no longer permits the oldest message. */
  isOver(nowMs: number): boolean {
    const { oldest } = this;
    if (oldest === undefined) return false;
    const { countMax, bytesMax, ageMsMax } = this.policy;
    if (this.count > countMax || this.bytes > bytesMax) return true;
    return nowMs - oldest.receivedAtMs > ageMsMax;
  }
}

/** The recent messages of all topics, in memory, as far as their policies say. */
export class KeptTopics {
  readonly #policyOf: (topic: string) => RecoveryPolicy | undefined;
  /** The topic that is idle longest comes first. */
  readonly #topics = new Map<string, KeptTopic>();
  readonly #tree = new TopicTree<KeptTopic>();
  #count = 0;
  #bytes = 0;
  /** The number of the last message. */
  lastNumber = 0;

  /** @param policyOf returns the policy of a topic; undefined if it keeps nothing */
  constructor(policyOf: (topic: string) => RecoveryPolicy | undefined) {
    this.#policyOf = policyOf;
  }

  get count(): number {
    return this.#count;
  }

  /** The size of all messages, including an overhead for each. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Keeps a copy of a message to a topic. */
  add(topic: string, delivery: Delivery, nowMs: number): void {
    const found = this.#topics.get(topic);
    const policy = found?.policy ?? this.#policyOf(topic);
    if (policy === undefined || policy.countMax <= 0) return;
    const publication = publicationOf(delivery);
    const sizeBytes = publication.sizeBytes + overheadBytes;
    if (sizeBytes > Math.min(policy.bytesMax + overheadBytes, keptBytesMax)) return;
    const kept = found ?? new KeptTopic(policy);
    if (found === undefined) this.#tree.set(topic, kept);
    this.#topics.delete(topic);
    this.#topics.set(topic, kept);
    const { receivedAtMs, expiresAtMs } = delivery;
    const number = ++this.lastNumber;
    kept.add({ number, publication: publication.copy(), receivedAtMs, expiresAtMs, sizeBytes });
    this.#count++;
    this.#bytes += sizeBytes;
    while (kept.isOver(nowMs)) this.#drop(kept);
    this.#enforceLimits();
  }

  #enforceLimits(): void {
    while (
      this.#topics.size > keptTopicCountMax ||
      this.#count > keptCountMax ||
      this.#bytes > keptBytesMax
    ) {
      const [idle] = this.#topics;
      if (idle === undefined) return;
      const [name, kept] = idle;
      if (this.#topics.size > keptTopicCountMax) while (kept.count > 0) this.#drop(kept);
      else this.#drop(kept);
      if (kept.count > 0) continue;
      this.#topics.delete(name);
      this.#tree.delete(name);
    }
  }

  #drop(kept: KeptTopic): void {
    this.#count--;
    this.#bytes -= kept.oldest?.sizeBytes ?? 0;
    kept.drop();
  }

  /** Whether any message of a topic is kept. */
  has(topic: string, nowMs: number): boolean {
    const kept = this.#topics.get(topic);
    if (kept === undefined) return false;
    while (kept.isOver(nowMs)) this.#drop(kept);
    return kept.count > 0;
  }

  /**
   * Finds the kept messages of topics up to a number, newest first. Messages that are kept or dropped
   * between two steps change nothing.
   *
   * @returns a step for each message, and undefined for some tens of names or messages without a result
   */
  *newestFirst(
    patterns: readonly Pattern[],
    lastNumber: number,
    nowMs: number,
  ): Generator<KeptMessage | undefined> {
    const lists: KeptMessage[][] = [];
    for (const kept of yield* this.#topicsOf(patterns)) {
      while (kept.isOver(nowMs)) this.#drop(kept);
      lists.push([...kept.messages]);
    }
    let leftOutCount = 0;
    for (const message of merged(lists)) {
      const isWanted = message.expiresAtMs > nowMs && message.number <= lastNumber;
      if (isWanted) yield message;
      else if (++leftOutCount % examinedPerStep === 0) yield undefined;
    }
  }

  *#topicsOf(patterns: readonly Pattern[]): Generator<undefined, Set<KeptTopic>> {
    const topics = new Set<KeptTopic>();
    let examinedCount = 0;
    for (const pattern of patterns) {
      for (const kept of this.#tree.match(pattern)) {
        if (kept !== undefined) topics.add(kept);
        if (++examinedCount % examinedPerStep === 0) yield undefined;
      }
    }
    return topics;
  }
}

/** Returns the messages of some lists, newest first. @param lists oldest first each; they are used up */
function* merged(lists: readonly KeptMessage[][]): Generator<KeptMessage> {
  // The newest message of each list, as the negative of its number.
  const heads = new DueHeap(headsShift);
  const addHead = (list: number): void => {
    const newest = lists[list]?.at(-1);
    if (newest !== undefined) heads.add(-newest.number, list);
  };
  for (const list of lists.keys()) addHead(list);
  while (heads.size > 0) {
    const list = heads.firstId;
    heads.take();
    const message = lists[list]?.pop();
    addHead(list);
    if (message !== undefined) yield message;
  }
}
