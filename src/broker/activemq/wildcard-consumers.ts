// Consumers of queue names with wildcards.

import type { Address } from '../conversion/properties.ts';
import { BrokerError } from '../errors.ts';
import { activemqAlphabet, parsePattern, splitKey } from '../patterns/alphabet.ts';
import { PatternTree } from '../patterns/pattern-tree.ts';
import type { Queue } from '../queue.ts';
import type { Background } from '../turns/background.ts';
import type { Consumption } from './consumption.ts';
import { isWildcard } from './destination.ts';
import { covers } from './policies/pattern-cover.ts';

/** Number of names that are compared in one step. */
const stepSize = 64;

/** The operations of the virtual host that are needed here. */
export interface WildcardHost {
  readonly background: Background;
  /** All queues. */
  readonly queues: ReadonlyMap<string, Queue>;
}

/**
 * Consumers of all queues that match a name with wildcards, including queues that are created
 * later.
 */
export class WildcardConsumers {
  readonly #host: WildcardHost;
  readonly #tree = new PatternTree<Consumption>();
  #count = 0;

  constructor(host: WildcardHost) {
    this.#host = host;
  }

  /**
   * Adds a consumption to all matching queues that exist. Large numbers are added in later turns.
   */
  add(consumption: Consumption, { name }: Address): void {
    this.#count++;
    this.#tree.add(parsePattern(activemqAlphabet, name), consumption);
    this.#host.background.run(this.#joinAll(consumption, name));
  }

  remove(consumption: Consumption, { name }: Address): void {
    this.#count--;
    this.#tree.remove(parsePattern(activemqAlphabet, name), consumption);
  }

  *#joinAll(consumption: Consumption, name: string): Generator<void> {
    const single = new PatternTree<Consumption>();
    single.add(parsePattern(activemqAlphabet, name), consumption);
    let count = 0;
    for (const queue of this.#host.queues.values()) {
      if (consumption.isEnded) return;
      yield* joinMatching(single, queue);
      if (++count % stepSize === 0) yield;
    }
  }

  /** Adds the matching consumptions to a new queue. */
  announce(queue: Queue): void {
    if (this.#count > 0) this.#host.background.run(joinMatching(this.#tree, queue));
  }
}

function* joinMatching(tree: PatternTree<Consumption>, queue: Queue): Generator<void> {
  // Names that only the broker assigns: subscriptions and temporary queues.
  if (queue.name.startsWith('amq.')) return;
  const found = new Set<Consumption>();
  let stepCount = 0;
  yield* tree.match(splitKey(activemqAlphabet, queue.name), {
    spend: (count) => {
      stepCount += count;
      if (stepCount < stepSize) return false;
      stepCount = 0;
      return true;
    },
    takeAll: (values) => {
      for (const value of values) found.add(value);
      return undefined;
    },
  });
  for (const consumption of found) {
    if (!queue.isDeleted && isCovered(queue, consumption)) join(consumption, queue);
    yield;
  }
}

/** A queue of virtual topics whose name has wildcards has messages that not all of them match. */
function isCovered({ name }: Queue, { request }: Consumption): boolean {
  if (!isWildcard({ kind: 'queue', name })) return true;
  const own = parsePattern(activemqAlphabet, name);
  return request.destinations.some(
    (each) => each.kind === 'queue' && covers(parsePattern(activemqAlphabet, each.name), own),
  );
}

function join(consumption: Consumption, queue: Queue): void {
  try {
    consumption.join(queue, false);
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    consumption.taker.ended(error.message);
  }
}
