/**
 * An expected failure: something a peer, a user, a disk or a key did. Every folder derives one
 * class from this and lists all of its codes in its own `errors.ts`.
 *
 * The message says what was found and what was allowed, with numbers and units; it never carries a
 * secret or a whole payload.
 */
export class WaxwingError<Code extends string = string> extends Error {
  /** Stable; callers decide by it, never by the message. */
  readonly code: Code;

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}
