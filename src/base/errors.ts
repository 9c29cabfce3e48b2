// The base class of expected errors.

/**
 * An expected error, caused by a peer, a user, a disk or a key. Every folder derives one class from
 * it and lists all codes in its own `errors.ts`.
 *
 * The message states what was found and what is allowed, with numbers and units. It never contains
 * a secret or a whole payload.
 */
export class WaxwingError<Code extends string = string> extends Error {
  /** A stable code. Callers use it instead of the message. */
  readonly code: Code;

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}
