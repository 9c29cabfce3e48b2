// Permissions that another service decides about while the input of a peer waits.

import { decisionCountMax, Undecided } from '../../broker/logins/undecided.ts';
import type { InputGate } from '../input-gate.ts';
import { AmqpError } from './errors.ts';

/** The connection whose input waits. */
export interface DecisionsHost {
  readonly gate: InputGate;
  /** Returns a function for later, whose error ends the connection. */
  guarded(act: () => void): () => void;
}

/** Repeats operations after permissions that they need are known. Meanwhile, no other input is handled. */
export class Decisions {
  readonly #host: DecisionsHost;
  /** Decisions that the present operation has needed. */
  #count = 0;
  /** Whether an operation waits. */
  #isWaiting = false;

  constructor(host: DecisionsHost) {
    this.#host = host;
  }

  /** Performs an operation, which must not have changed anything when it throws `Undecided`. */
  perform(operation: () => void): void {
    try {
      operation();
      if (!this.#isWaiting) this.#count = 0;
    } catch (thrown) {
      if (!(thrown instanceof Undecided)) throw thrown;
      this.repeat(thrown, operation);
    }
  }

  /**
   * Repeats an operation once the decision is known.
   *
   * @throws {AmqpError} `resource-limit-exceeded` if it needs too many
   */
  repeat({ decided }: Undecided, operation: () => void): void {
    if (++this.#count > decisionCountMax) {
      const why = `an operation needs more than ${decisionCountMax} decisions about permissions`;
      throw new AmqpError('resource-limit-exceeded', why);
    }
    this.#host.gate.hold();
    this.#isWaiting = true;
    const again = this.#host.guarded(() => this.perform(operation));
    const done = () => {
      if (!this.#isWaiting) return; // the connection has ended
      this.#isWaiting = false;
      again();
      this.#host.gate.release();
    };
    decided.then(done, done);
  }

  /** The connection has ended: nothing is repeated. */
  end(): void {
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    this.#host.gate.release();
  }
}
