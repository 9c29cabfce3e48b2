import { BrokerError, describe } from '../errors.ts';
import type { Queue } from '../queue.ts';

/**
 * Operands in the selectors of all consumers of one queue: a message that nobody wants is compared with
 * all of them, and a scan passes two hundred such messages.
 */
export const queueSelectorCostMax = 20_000;

/** What the selectors of the consumers of each queue cost together; see `Selector.cost`. */
export class SelectorBudget {
  readonly #costs = new WeakMap<Queue, number>();

  /** @throws {BrokerError} `resource-error` where it would be more than allowed */
  take(queue: Queue, cost: number): void {
    const sum = (this.#costs.get(queue) ?? 0) + cost;
    if (sum > queueSelectorCostMax) {
      const found = `the selectors of the consumers of ${describe('queue', queue.name, queue.vhost)}`;
      const allowed = `at most ${queueSelectorCostMax} are allowed`;
      throw new BrokerError('resource-error', `${found} have ${sum} operands; ${allowed}`);
    }
    this.#costs.set(queue, sum);
  }

  giveBack(queue: Queue, cost: number): void {
    this.#costs.set(queue, (this.#costs.get(queue) ?? 0) - cost);
  }
}
