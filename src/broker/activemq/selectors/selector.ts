import type { Condition, NodeOptions, Subject } from './nodes.ts';
import { SelectorParser } from './parser.ts';

/**
 * A message selector of JMS: a condition on a message's headers and properties in a subset of SQL-92,
 * with three-valued logic. It is read once, and bounded in length and depth.
 */
export class Selector {
  readonly text: string;
  /** See {@link NodeOptions}. */
  readonly convertsText: boolean;
  /** Operands: about what an evaluation costs, each some tens of nanoseconds. */
  readonly cost: number;
  readonly #condition: Condition;

  /** @throws {BrokerError} `precondition-failed` where it is no selector, too long or too deep */
  constructor(text: string, options: NodeOptions) {
    const parser = new SelectorParser(text, options);
    this.text = text;
    this.convertsText = options.convertsText;
    this.#condition = parser.parse();
    this.cost = parser.nodeCount;
  }

  /** Whether a message is wanted: what is unknown is not. */
  matches(subject: Subject): boolean {
    return this.#condition(subject) === true;
  }
}
