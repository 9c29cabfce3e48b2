// JMS message selectors.

import type { Condition, NodeOptions, Subject } from './nodes.ts';
import { SelectorParser } from './parser.ts';
import { stepCountMax, steps, stepsCost } from './steps.ts';

/**
 * A JMS message selector: a condition on the headers and properties of a message, in a subset of
 * SQL-92 with three-valued logic. It is parsed once and is limited in length and depth.
 */
export class Selector {
  readonly text: string;
  /** See {@link NodeOptions}. */
  readonly convertsText: boolean;
  /**
   * Maximum cost of an evaluation, approximately: the number of operands, each at most 100 ns. LIKE
   * and functions count as {@link stepsCost} more, once for all of a selector.
   */
  readonly cost: number;
  readonly #condition: Condition;

  /**
   * @throws {BrokerError} `precondition-failed` if the text is invalid, too long or nested too
   *   deeply
   */
  constructor(text: string, options: NodeOptions) {
    const parser = new SelectorParser(text, options);
    this.text = text;
    this.convertsText = options.convertsText;
    this.#condition = parser.parse();
    this.cost = parser.nodeCount + (parser.hasLike ? stepsCost : 0);
  }

  /** Whether a message matches. A result of unknown does not match. */
  matches(subject: Subject): boolean {
    steps.left = stepCountMax;
    return this.#condition(subject) === true;
  }
}
