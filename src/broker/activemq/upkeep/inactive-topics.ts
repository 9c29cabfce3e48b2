// Removal of topics that are not used.

import type { Address } from '../../conversion/properties.ts';
import { activemqAlphabet, parsePattern, splitKey } from '../../patterns/alphabet.ts';
import { PatternTree } from '../../patterns/pattern-tree.ts';
import type { Queue } from '../../queue.ts';
import type { RetainedMessages } from '../../retained/retained-messages.ts';
import type { Vhost } from '../../vhost.ts';
import type { Advising } from '../advisories/advising.ts';
import { isWildcard } from '../destination.ts';
import type { ActiveMqSettings } from '../policies/destination-policy.ts';
import { recoveryQueueName } from '../recovery/retroactive-consumers.ts';
import type { DestinationChecks } from '../rights/destination-checks.ts';

/** Number of names that are examined in one step. */
const stepSize = 64;

/** The operations of the destinations that are needed here. */
export interface InactiveTopicsHost {
  readonly broker: { readonly retained: RetainedMessages };
  readonly vhost: Vhost;
  readonly settings: ActiveMqSettings;
  readonly advising: Advising;
  readonly checks: DestinationChecks;
  /** The topics of a subscription, which may have wildcards; none for another queue. */
  topicsOf(subscription: Queue): Iterable<Address>;
  /** Whether messages of a topic are kept for retroactive consumers. */
  keepsMessagesOf(topic: string): boolean;
}

/** The topics that have subscriptions. */
class Subscribed {
  readonly #names = new Set<string>();
  readonly #patterns = new PatternTree<true>();

  add(address: Address): void {
    if (address.kind !== 'topic') return;
    const { name } = address;
    if (isWildcard(address)) this.#patterns.add(parsePattern(activemqAlphabet, name), true);
    else this.#names.add(name);
  }

  /** Whether a topic has a subscription, in steps. */
  *has(name: string): Generator<void, boolean> {
    if (this.#names.has(name)) return true;
    let isFound = false;
    let stepCount = 0;
    yield* this.#patterns.match(splitKey(activemqAlphabet, name), {
      spend: (count) => {
        stepCount += count;
        if (stepCount < stepSize) return false;
        stepCount = 0;
        return true;
      },
      takeAll: () => {
        isFound = true;
        return undefined;
      },
    });
    return isFound;
  }
}

/**
 * Removes topics that were not used for the time that their policies say, in steps: those without
 * subscriptions (durable or not), registered producers, retained messages, and messages for retroactive
 * consumers, to which nobody has sent.
 *
 * @param countMax maximum number of topics to remove
 * @param removed called after each removal
 */
export function* removeInactiveTopics(
  host: InactiveTopicsHost,
  nowMs: number,
  countMax: number,
  removed: (address: Address, inactiveMs: number) => void,
): Generator<void> {
  const { advising, settings } = host;
  const subscribed = new Subscribed();
  let count = 0;
  let removedCount = 0;
  if (advising.topics.size > 0) yield* readSubscribed(host, subscribed);
  for (const [name, use] of advising.topics) {
    if (++count % stepSize === 0) yield;
    const address: Address = { kind: 'topic', name };
    const { inactiveMsMax } = settings.policyOf(address);
    const before = use.count;
    if (inactiveMsMax === undefined || isHeld(host, address) || (yield* subscribed.has(name))) {
      use.idle = undefined;
      continue;
    }
    if (use.idle?.count !== before) use.idle = { count: before, sinceMs: nowMs };
    // A subscription that began after the search for subscriptions is a use.
    const isUnused = use.idle.count === use.count && !use.isOver && !isHeld(host, address);
    if (!isUnused || nowMs - use.idle.sinceMs < inactiveMsMax || removedCount >= countMax) continue;
    removedCount++;
    advising.destination(address, false);
    host.checks.forget(address);
    removed(address, inactiveMsMax);
    yield;
  }
}

function* readSubscribed(host: InactiveTopicsHost, subscribed: Subscribed): Generator<void> {
  let count = 0;
  for (const queue of host.vhost.queues.values()) {
    if (++count % stepSize === 0) yield;
    if (queue.name === recoveryQueueName) continue;
    for (const address of host.topicsOf(queue)) {
      subscribed.add(address);
      if (++count % stepSize === 0) yield;
    }
  }
}

/** Whether a topic has a producer or messages. */
function isHeld(
  { broker, vhost, advising, keepsMessagesOf }: InactiveTopicsHost,
  address: Address,
): boolean {
  const { name } = address;
  if (advising.hasProducers(address) || keepsMessagesOf(name)) return true;
  return broker.retained.has(vhost.name, name);
}
