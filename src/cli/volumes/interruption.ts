// Signals that interrupt a command, which removes what it left.

import { CliError } from '../errors.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Notices the first signal. A second one ends the process at once. */
export class Interruption {
  #signal: NodeJS.Signals | undefined = undefined;
  readonly #noticed = (signal: NodeJS.Signals) => {
    this.#signal = signal;
    this.end();
  };

  constructor() {
    for (const signal of signals) process.once(signal, this.#noticed);
  }

  /** @throws {CliError} `interrupted` after a signal */
  require(): void {
    if (this.#signal === undefined) return;
    throw new CliError('interrupted', `interrupted by ${this.#signal}`);
  }

  /** Signals have their usual effect again. */
  end(): void {
    for (const signal of signals) process.off(signal, this.#noticed);
  }
}
