// Sends that are refused instead of blocked.

import { BrokerError } from '../errors.ts';
import type { Flow } from '../flow.ts';
import type { Ticking, Turns } from '../turns/turns.ts';

/**
 * Refuses messages while publishers are blocked, after a time (ActiveMQ's `sendFailIfNoSpace` and
 * `sendFailIfNoSpaceAfterTimeout`).
 */
export class RefusedSends implements Ticking {
  timerMs = Infinity;
  timerAt = -1;
  readonly #flow: Flow;
  readonly #turns: Turns;
  readonly #afterMs: number;

  /** @param afterMs milliseconds that publishers are blocked before; 0 for none */
  constructor(flow: Flow, turns: Turns, afterMs: number) {
    this.#flow = flow;
    this.#turns = turns;
    this.#afterMs = afterMs;
  }

  /** Begins to refuse messages. */
  apply(): void {
    this.#flow.onBlockedChanged = (isBlocked) => this.#changed(isBlocked);
    if (this.#flow.blockedReason !== undefined) this.#changed(true);
  }

  #changed(isBlocked: boolean): void {
    this.#turns.forget(this);
    if (!isBlocked || this.#afterMs === 0) this.#flow.setRefusing(isBlocked);
    else this.#turns.schedule(this, this.#turns.nowMs() + this.#afterMs);
  }

  tick(): void {
    if (this.#flow.blockedReason !== undefined) this.#flow.setRefusing(true);
  }
}

/**
 * Refuses a message for lack of memory or disk.
 *
 * @param destination for the text of the error
 * @throws {BrokerError} `resource-error` unless no publisher is blocked
 */
export function requireRoom({ blockedReason }: Flow, destination: string): void {
  if (blockedReason === undefined) return;
  const why = `${blockedReason}; messages to ${destination} are refused`;
  throw new BrokerError('resource-error', `Usage Manager Limit reached: ${why}`);
}
