import type { Address } from '../conversion/properties.ts';
import { BrokerError } from '../errors.ts';
import { activemqAlphabet, parsePattern, splitKey } from '../patterns/alphabet.ts';
import { PatternTree } from '../patterns/pattern-tree.ts';
import type { Queue } from '../queue.ts';
import type { Background } from '../turns/background.ts';
import type { Consumption } from './consumption.ts';

/** Names compared in one step. */
const stepSize = 64;

/** What wildcard consumers ask of their virtual host. */
export interface WildcardHost {
  readonly background: Background;
  /** Every queue there is. */
  readonly queues: ReadonlyMap<string, Queue>;
}

/** Consumers of all queues that match a name with wildcards, those made later too. */
export class WildcardConsumers {
  readonly #host: WildcardHost;
  readonly #tree = new PatternTree<Consumption>();
  #count = 0;

  constructor(host: WildcardHost) {
    this.#host = host;
  }

  /** A consumption joins every queue that matches: those there are, some of it in later turns. */
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

  /** A queue is new: whoever's wildcards match joins it. */
  announce(queue: Queue): void {
    if (this.#count > 0) this.#host.background.run(joinMatching(this.#tree, queue));
  }
}

function* joinMatching(tree: PatternTree<Consumption>, queue: Queue): Generator<void> {
  // Queues that only the broker names: subscriptions, temporary ones.
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
    if (!queue.isDeleted) join(consumption, queue);
    yield;
  }
}

function join(consumption: Consumption, queue: Queue): void {
  try {
    consumption.join(queue, false);
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    consumption.taker.ended(error.message);
  }
}
