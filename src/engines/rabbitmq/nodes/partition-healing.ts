// Ends partitions that RabbitMQ does not end itself.
//
// A node that stood still for longer than the tick time, because its machine was suspended or overloaded,
// never saw a minority, and does not pause. The others have removed it. When it continues, all of them know
// of a partition, and none forgets it until the node starts again.

import { systemClock } from '../../../base/clock.ts';
import type { Node } from './node.ts';

/** Time for a partition to end by itself, milliseconds. */
const patienceMs = 8000;

/** How nodes are restarted. */
export interface HealingActions {
  /** Starts a node whose process has ended, if its volume can be used. */
  start(node: Node): Promise<void>;
  log(text: string): void;
}

/** Restarts nodes that the others know as separated, one after the other. */
export class PartitionHealing {
  readonly #nodes: readonly Node[];
  readonly #actions: HealingActions;
  #sinceMs: number | undefined = undefined;
  /** Resolves when no node is being restarted. */
  ended: Promise<void> = Promise.resolve();
  #isHealing = false;

  constructor(nodes: readonly Node[], actions: HealingActions) {
    this.#nodes = nodes;
    this.#actions = actions;
  }

  /** Examines what the nodes said last. Call it after each look at them. */
  examine(): void {
    const node = separatedOf(this.#nodes);
    if (node === undefined || this.#isHealing) {
      this.#sinceMs = undefined;
      return;
    }
    const nowMs = systemClock.monotonicMs();
    this.#sinceMs ??= nowMs;
    if (nowMs - this.#sinceMs < patienceMs) return;
    this.#isHealing = true;
    this.ended = this.#restart(node).finally(() => {
      this.#isHealing = false;
    });
  }

  async #restart(node: Node): Promise<void> {
    const others = node.partitions.map((name) => name.split('@')[0]).join(', ');
    this.#actions.log(`node ${node.number} was separated from ${others}, and is restarted`);
    try {
      await node.stop();
      await this.#actions.start(node);
    } catch (error) {
      this.#actions.log(`node ${node.number} could not be restarted: ${String(error)}`);
    }
  }
}

/** The node that is separated from most others; undefined if there is no partition. */
export function separatedOf<Each extends Pick<Node, 'partitions'>>(
  nodes: readonly Each[],
): Each | undefined {
  const separated = nodes.filter(({ partitions }) => partitions.length > 0);
  return separated.toSorted((a, b) => a.partitions.length - b.partitions.length).at(-1);
}
