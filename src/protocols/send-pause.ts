// Producers that wait for room.

import type { Usage, UsageWaiter } from '../broker/activemq/limits/usage.ts';
import type { InputGate } from './input-gate.ts';

/**
 * Maximum number of answers that are withheld on a connection. A further message that reaches a limit
 * stops reading from the peer.
 */
export const withheldCountMax = 64;

/** An answer that is sent once there is room. */
class WithheldAnswer implements UsageWaiter {
  readonly #usage: Usage;
  readonly #send: () => void;
  readonly #over: (answer: WithheldAnswer) => void;

  constructor(usage: Usage, send: () => void, over: (answer: WithheldAnswer) => void) {
    this.#usage = usage;
    this.#send = send;
    this.#over = over;
  }

  freed(): void {
    this.#over(this);
    this.#send();
  }

  drop(): void {
    this.#usage.delete(this);
  }
}

/**
 * Makes the producers of a connection wait while a limit is reached. If a message has an answer for which
 * its producer waits, that comes late, and everything else on the connection goes on. Otherwise nothing
 * is read from the peer.
 */
export class SendPause implements UsageWaiter {
  readonly #gate: Pick<InputGate, 'hold' | 'release'>;
  readonly #withheld = new Set<WithheldAnswer>();
  #usage: Usage | undefined = undefined;
  #isOver = false;

  constructor(gate: Pick<InputGate, 'hold' | 'release'>) {
    this.#gate = gate;
  }

  /** Whether nothing is read from the peer because a limit is reached. */
  get isPaused(): boolean {
    return this.#usage !== undefined;
  }

  /** Stops reading from the peer until there is room. */
  wait(usage: Usage): void {
    if (this.#isOver || this.#usage !== undefined) return;
    this.#usage = usage;
    this.#gate.hold();
    usage.add(this);
  }

  freed(): void {
    this.#usage = undefined;
    this.#gate.release();
  }

  /** Sends an answer once there is room. Stops reading if too many answers are withheld. */
  answerLater(usage: Usage, send: () => void): void {
    if (this.#isOver) return;
    if (this.#withheld.size >= withheldCountMax) {
      send();
      this.wait(usage);
      return;
    }
    const answer = new WithheldAnswer(usage, send, (each) => this.#withheld.delete(each));
    this.#withheld.add(answer);
    usage.add(answer);
  }

  /** The connection ends: nothing is withheld or held back any longer. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const answer of this.#withheld) answer.drop();
    this.#withheld.clear();
    if (this.#usage === undefined) return;
    this.#usage.delete(this);
    this.freed();
  }
}
