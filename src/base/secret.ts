import { inspect } from 'node:util';

/**
 * A value that prints as `[secret]` wherever it ends up: logs, JSON, error texts, the inspector.
 * The value itself is only had by {@link reveal}, so every use of it can be found by name.
 */
export class Secret<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  /** The value. The caller sees to it that it goes nowhere else. */
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
