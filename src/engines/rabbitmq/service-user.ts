// The user by which the service asks the nodes, if somebody has deleted or changed it.

import { systemClock } from '../../base/clock.ts';
import type { NodeCommand } from './hosts/node-host.ts';
import { serviceUser } from './nodes/definitions.ts';
import type { Node } from './nodes/node.ts';

/** Time between two attempts, milliseconds. */
const restoreMs = 10_000;

/** Imports the user of the service again. */
export class ServiceUserKeeper {
  readonly #command: (node: Node, command: NodeCommand) => Promise<string | undefined>;
  readonly #warn: (text: string) => void;
  #nextMs = 0;
  #restoring: Promise<void> | undefined = undefined;

  /** @param warn called after each attempt */
  constructor(
    command: (node: Node, command: NodeCommand) => Promise<string | undefined>,
    warn: (text: string) => void,
  ) {
    this.#command = command;
    this.#warn = warn;
  }

  /** Resolves when there is no attempt in progress. */
  get ended(): Promise<void> {
    return this.#restoring ?? Promise.resolve();
  }

  /** Imports the user in one of the nodes that refuse it. Call it after each look at them. */
  examine(nodes: readonly Node[]): void {
    const node = nodes.find(({ isRefusing }) => isRefusing);
    const isTooEarly = systemClock.monotonicMs() < this.#nextMs;
    if (node === undefined || isTooEarly || this.#restoring !== undefined) return;
    this.#restoring = this.#command(node, { kind: 'import-definitions' })
      .catch(String)
      .then((problem) => {
        this.#restoring = undefined;
        this.#nextMs = systemClock.monotonicMs() + restoreMs;
        const what = `the user ${serviceUser} was deleted or changed in the cluster`;
        const end = problem === undefined ? 'is restored' : `could not be restored: ${problem}`;
        this.#warn(`${what}, and ${end}`);
      });
  }
}
