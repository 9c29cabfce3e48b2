// The limit of the costs of selectors.

import { BrokerError, describe } from '../errors.ts';
import type { Queue } from '../queue.ts';

/**
 * Maximum number of operands of the selectors of all consumers of a queue. A message that no
 * consumer wants is compared with all of them, and a scan passes two hundred such messages.
 */
export const queueSelectorCostMax = 20_000;

/** The total cost of the selectors of each queue's consumers; see `Selector.cost`. */
export class SelectorBudget {
  readonly #costs = new WeakMap<Queue, number>();

  /** @throws {BrokerError} `resource-error` if the limit would be exceeded */
  take(queue: Queue, cost: number): void {
    const sum = (this.#costs.get(queue) ?? 0) + cost;
    if (sum > queueSelectorCostMax) {
      const found = `the selectors of the consumers of ${describe('queue', queue.name, queue.vhost)}`;
      const allowed = `at most ${queueSelectorCostMax} are allowed`;
      throw new BrokerError('resource-error', `${found} have ${sum} operands; ${allowed}`);
    }
    this.#costs.set(queue, sum);
  }

  release(queue: Queue, cost: number): void {
    this.#costs.set(queue, (this.#costs.get(queue) ?? 0) - cost);
  }
}
