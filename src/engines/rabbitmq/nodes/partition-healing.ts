// Ends partitions that RabbitMQ does not end itself.
//
// A node that stood still for longer than the tick time, because its machine was suspended or overloaded,
// never saw a minority, and does not pause. The others have removed it. When it continues, all of them know
// of a partition, and none forgets it until the node starts again.
//
// A node that paused, because it saw a minority, starts its application again when the others are back. If
// that fails, for example because one of them had not started completely, the node never tries it again:
// its process runs, and serves nobody.

import { systemClock } from '../../../base/clock.ts';
import type { Node } from './node.ts';

/** Time for a partition to end by itself, milliseconds. */
const patienceMs = 8000;
/**
 * Time for a node that paused to serve clients again once the others do, milliseconds. It opens all its
 * queues in this time.
 */
const silenceMs = 60_000;
/** Running nodes that are a majority. */
const majority = 2;

/** How nodes are restarted. */
export interface HealingActions {
  /** Starts a node whose process has ended, if its volume can be used. */
  start(node: Node): Promise<void>;
  log(text: string): void;
}

/** Restarts nodes that the others know as separated, and those that stay silent, one after the other. */
export class PartitionHealing {
  readonly #nodes: readonly Node[];
  readonly #actions: HealingActions;
  #sinceMs: number | undefined = undefined;
  /** Since when a node is silent, and which. */
  #silent: { readonly node: Node; readonly sinceMs: number } | undefined = undefined;
  /** Resolves when no node is being restarted. */
  ended: Promise<void> = Promise.resolve();
  #isHealing = false;

  constructor(nodes: readonly Node[], actions: HealingActions) {
    this.#nodes = nodes;
    this.#actions = actions;
  }

  /** Examines what the nodes said last. Call it after each look at them. */
  examine(): void {
    this.#examineSilence();
    const node = separatedOf(this.#nodes);
    if (node === undefined || this.#isHealing) {
      this.#sinceMs = undefined;
      return;
    }
    const nowMs = systemClock.monotonicMs();
    this.#sinceMs ??= nowMs;
    if (nowMs - this.#sinceMs < patienceMs) return;
    const others = node.partitions.map((name) => name.split('@')[0]).join(', ');
    this.#begin(node, `was separated from ${others}`);
  }

  #examineSilence(): void {
    const node = silentOf(this.#nodes);
    if (node === undefined || this.#isHealing) {
      this.#silent = undefined;
      return;
    }
    const nowMs = systemClock.monotonicMs();
    if (this.#silent?.node !== node) this.#silent = { node, sinceMs: nowMs };
    const seconds = Math.round((nowMs - this.#silent.sinceMs) / 1000);
    if (nowMs - this.#silent.sinceMs < silenceMs) return;
    this.#begin(node, `has not listened for ${seconds} s although the other nodes run`);
  }

  #begin(node: Node, why: string): void {
    this.#isHealing = true;
    this.#silent = undefined;
    this.ended = this.#restart(node, why).finally(() => {
      this.#isHealing = false;
    });
  }

  async #restart(node: Node, why: string): Promise<void> {
    this.#actions.log(`node ${node.number} ${why}, and is restarted`);
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

/**
 * A node that answered since its process started, and listens no more, while all others see a majority. One
 * that is starting has not answered yet, and may take long; one under load listens, and answers late.
 */
export function silentOf<
  Each extends Pick<Node, 'isRunning' | 'hasAnswered' | 'isClosed' | 'sees'>,
>(nodes: readonly Each[]): Each | undefined {
  const silent = nodes.filter(
    ({ isRunning, hasAnswered, isClosed }) => isRunning && hasAnswered && isClosed,
  );
  const [node] = silent;
  const others = nodes.filter((each) => each !== node);
  return silent.length === 1 && others.every((each) => each.sees(majority)) ? node : undefined;
}
