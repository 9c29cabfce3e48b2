// Protection of secrets against accidental output.

import { inspect } from 'node:util';

/**
 * A value that prints as `[secret]` in logs, JSON, errors and the inspector. Only {@link reveal}
 * returns it, so every use can be found by name.
 */
export class Secret<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  /** Returns the value. The caller must not let it escape. */
  reveal(): T {
    return this.#value;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}
