// The subscriptions of a session, and which of them a message matches.

import { mqttAlphabet, parsePattern, splitKey } from '../../../broker/patterns/alphabet.ts';
import { PatternTree } from '../../../broker/patterns/pattern-tree.ts';
import type { SessionSubscription } from '../../../broker/sessions/stored-session.ts';
import type { Delivery } from '../../../broker/subscription.ts';
import { isTopicName, startsWithWildcard } from '../address.ts';
import { textField } from '../codec/properties.ts';

/** Maximum number of topics whose matches are cached for each session. */
const matchCountMax = 1024;

/** Maximum number of subscription identifiers in these matches. */
const cachedIdCountMax = 65_536;

/** Levels of a filter, multiplied by the number of its `+`, up to which it is not deep. */
const shallowMax = 32;

/** Steps of a search, and identifiers of a match, that take about a microsecond. */
const stepsPerUnit = 8;

/** The subscriptions that messages of a topic match. */
export interface TopicMatch {
  /** The topic name as a field of a packet. */
  readonly topicField: Buffer;
  readonly topic: string;
  /** Whether it is one that can be sent: other protocols have destinations that are not. */
  readonly isTopicName: boolean;
  /** The maximum quality of service of the matching subscriptions; -1 if there is none. */
  readonly qos: number;
  /** Whether any matching subscription keeps the retain flag. */
  readonly isRetainAsPublished: boolean;
  /** The identifiers of the matching subscriptions. [MQTT-3.3.4-3] [MQTT-3.3.4-4] */
  readonly ids: readonly number[];
  /** Whether any matching subscription excludes messages of the same client. */
  readonly hasNoLocal: boolean;
  /** Whether any subscription matches. */
  readonly isMatched: boolean;
}

/** Names the topic of a message. */
export interface TopicNames {
  /**
   * Returns the name of the destination of a message.
   *
   * @param isWanted chooses one, if the message was sent to several topics at once
   */
  nameOf(delivery: Delivery, isWanted?: (name: string) => boolean): string;
  /** Returns the topic with the name of a destination. */
  topicOf(name: string): string;
  /** Whether filters that begin with a wildcard do not match a topic. */
  isReserved(topic: string): boolean;
}

const noKey = Buffer.alloc(0);

/** The subscriptions of a session, except for shared ones. */
export class SubscriptionSet {
  readonly #byFilter = new Map<string, SessionSubscription>();
  readonly #tree = new PatternTree<SessionSubscription>();
  readonly #matches = new Map<string, TopicMatch>();
  /** The address of the last message, as it was stored, and its match. */
  #lastKey: Buffer = noKey;
  #last: TopicMatch | undefined = undefined;
  /** Number of subscriptions that exclude messages of the same client. */
  noLocalCount = 0;
  /** The levels of deep filters; see {@link deepLevelCountOf}. */
  deepLevelCount = 0;
  /** The cost of the last search for matches, in units of about a microsecond. */
  matchUnits = 0;
  #cachedIdCount = 0;
  /** The quality of service of messages that no subscription matches; -1 to drop them. */
  readonly #qosOtherwise: number;

  constructor(qosOtherwise = -1) {
    this.#qosOtherwise = qosOtherwise;
  }

  get size(): number {
    return this.#byFilter.size;
  }

  get(filter: string): SessionSubscription | undefined {
    return this.#byFilter.get(filter);
  }

  all(): Iterable<SessionSubscription> {
    return this.#byFilter.values();
  }

  /**
   * Adds a subscription, or replaces the one with the same text.
   *
   * @param filter the filter without a share name
   */
  set(subscription: SessionSubscription, filter: string = subscription.filter): void {
    this.delete(subscription.filter, filter);
    this.#byFilter.set(subscription.filter, subscription);
    this.#tree.add(parsePattern(mqttAlphabet, filter), subscription);
    this.deepLevelCount += deepLevelCountOf(filter);
    if (subscription.isNoLocal) this.noLocalCount++;
    this.#forget();
  }

  /** Removes a subscription. Returns false if it does not exist. */
  delete(text: string, filter: string = text): boolean {
    const found = this.#byFilter.get(text);
    if (found === undefined) return false;
    this.#byFilter.delete(text);
    this.#tree.remove(parsePattern(mqttAlphabet, filter), found);
    this.deepLevelCount -= deepLevelCountOf(filter);
    if (found.isNoLocal) this.noLocalCount--;
    this.#forget();
    return true;
  }

  #forget(): void {
    this.#clearMatches();
    this.#last = undefined;
    this.#lastKey = noKey;
  }

  #clearMatches(): void {
    this.#matches.clear();
    this.#cachedIdCount = 0;
  }

  /** Returns the subscriptions that a message matches, and sets {@link matchUnits}. */
  matchOf(delivery: Delivery, names: TopicNames): TopicMatch {
    this.matchUnits = 0;
    const { buffer, addressAt, addressEnd } = delivery;
    const last = this.#last;
    const size = this.#lastKey.length;
    if (last !== undefined && size === addressEnd - addressAt) {
      if (buffer.compare(this.#lastKey, 0, size, addressAt, addressEnd) === 0) return last;
    }
    const isWanted = (name: string) => this.#matchName(name, names).isMatched;
    const found = this.#matchName(names.nameOf(delivery, isWanted), names);
    this.#lastKey = Buffer.from(buffer.subarray(addressAt, addressEnd));
    this.#last = found;
    return found;
  }

  #matchName(name: string, names: TopicNames): TopicMatch {
    const known = this.#matches.get(name);
    if (known !== undefined) return known;
    const found = this.matchWithout(name, false, names);
    const isFull = this.#matches.size >= matchCountMax;
    this.#cachedIdCount += found.ids.length;
    if (isFull || this.#cachedIdCount > cachedIdCountMax) this.#clearMatches();
    this.#matches.set(name, found);
    return found;
  }

  /** @param isOwn whether the client published the message itself, so that noLocal has an effect */
  matchWithout(name: string, isOwn: boolean, names: TopicNames): TopicMatch {
    const topic = names.topicOf(name);
    const isReserved = names.isReserved(topic);
    const found = new Set<SessionSubscription>();
    let stepCount = 0;
    const steps = this.#tree.match(splitKey(mqttAlphabet, topic), {
      spend: (count) => {
        stepCount += count;
        return false;
      },
      takeAll: (values) => {
        for (const value of values) found.add(value);
        return undefined;
      },
    });
    for (const _ of steps);
    this.matchUnits += Math.ceil((stepCount + found.size) / stepsPerUnit);
    let qos = found.size === 0 ? this.#qosOtherwise : -1;
    let isRetainAsPublished = false;
    let hasNoLocal = false;
    const ids: number[] = [];
    for (const subscription of found) {
      if (isReserved && startsWithWildcard(subscription.filter)) continue;
      if (isOwn && subscription.isNoLocal) continue;
      qos = Math.max(qos, subscription.qos);
      isRetainAsPublished ||= subscription.isRetainAsPublished;
      hasNoLocal ||= subscription.isNoLocal;
      if (subscription.id > 0) ids.push(subscription.id);
    }
    const topicField = textField(topic);
    const isName = isTopicName(topic);
    const isMatched = found.size > 0;
    const flags = { isTopicName: isName, isRetainAsPublished, hasNoLocal, isMatched };
    return { topicField, topic, qos, ids, ...flags };
  }
}

/**
 * Returns the number of levels of a filter if it has many levels and many `+`; otherwise 0. A topic may
 * be compared with all levels of such filters. With other filters, however many there are, it is compared
 * a few thousand times: they share the levels that match.
 */
export function deepLevelCountOf(filter: string): number {
  const words = splitKey(mqttAlphabet, filter);
  const oneWordCount = words.filter((word) => word === mqttAlphabet.oneWord).length;
  return words.length * oneWordCount > shallowMax ? words.length : 0;
}
