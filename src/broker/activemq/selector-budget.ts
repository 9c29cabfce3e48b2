// The selectors of the consumers of queues, and the limit of their costs.

import { BrokerError, describe } from '../errors.ts';
import type { Queue } from '../queue.ts';
import type { Delivery } from '../subscription.ts';
import type { Selector } from './selectors/selector.ts';

/**
 * Maximum number of operands of the selectors of all consumers of a queue. A message that no
 * consumer wants is compared with all of them, and a scan passes two hundred such messages.
 */
export const queueSelectorCostMax = 20_000;

/** The cost of a consumer with a selector that another one has: its answer is known. */
const equalCost = 1;

/** Whether a consumer wants the message of the open view. */
export type Wants = (view: Delivery) => boolean;

/** A selector that consumers of a queue have. */
interface Shared {
  readonly wants: Wants;
  consumerCount: number;
}

/** The selectors of the consumers of a queue. */
interface QueueSelectors {
  cost: number;
  readonly byText: Map<string, Shared>;
}

/**
 * The selectors of each queue's consumers, and their total cost; see `Selector.cost`. Consumers with equal
 * selectors get one function, so that a message is compared once for all of them.
 */
export class SelectorBudget {
  readonly #byQueue = new WeakMap<Queue, QueueSelectors>();

  /**
   * Adds the selector of a consumer.
   *
   * @param make called if no other consumer of the queue has the selector
   * @throws {BrokerError} `resource-error` if the limit would be exceeded
   */
  take(queue: Queue, selector: Selector, make: () => Wants): Wants {
    const known = this.#byQueue.get(queue) ?? { cost: 0, byText: new Map<string, Shared>() };
    const key = keyOf(selector);
    const shared = known.byText.get(key);
    const sum = known.cost + (shared === undefined ? selector.cost : equalCost);
    if (sum > queueSelectorCostMax) {
      const found = `the selectors of the consumers of ${describe('queue', queue.name, queue.vhost)}`;
      const allowed = `at most ${queueSelectorCostMax} are allowed`;
      throw new BrokerError('resource-error', `${found} have ${sum} operands; ${allowed}`);
    }
    known.cost = sum;
    this.#byQueue.set(queue, known);
    if (shared !== undefined) {
      shared.consumerCount++;
      return shared.wants;
    }
    const wants = make();
    known.byText.set(key, { wants, consumerCount: 1 });
    return wants;
  }

  /** Removes the selector of a consumer that was added. */
  release(queue: Queue, selector: Selector): void {
    const known = this.#byQueue.get(queue);
    const shared = known?.byText.get(keyOf(selector));
    if (known === undefined || shared === undefined) return;
    if (--shared.consumerCount > 0) {
      known.cost -= equalCost;
      return;
    }
    known.byText.delete(keyOf(selector));
    known.cost -= selector.cost;
  }
}

function keyOf({ text, convertsText }: Selector): string {
  return `${convertsText ? 'text' : 'typed'} ${text}`;
}
