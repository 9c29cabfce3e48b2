import { type Argument, type Arguments, hasSameValue } from '../arguments.ts';
import { BrokerError } from '../errors.ts';

/**
 * Requires a binding's `x-match` to be one that exists; none means `all`.
 *
 * @throws {BrokerError} `precondition-failed`
 */
export function checkMatch(match: Argument | undefined): void {
  if (match === undefined) return;
  const { type, value } = match;
  if (type !== 'longstr') {
    const why = `Invalid x-match field type ${type} (value ${value}); expected longstr`;
    throw new BrokerError('precondition-failed', why);
  }
  if (['all', 'any', 'all-with-x', 'any-with-x'].includes(String(value))) return;
  const why = `Invalid x-match field value <<"${value}">>; expected all, any, all-with-x, or any-with-x`;
  throw new BrokerError('precondition-failed', why);
}

/**
 * What a binding of a headers exchange asks of a message, read once. An argument without a value only
 * asks that the header be there.
 */
export class HeadersMatch {
  readonly #isAny: boolean;
  readonly #names: readonly string[];
  readonly #values: readonly Argument[];

  /** @param wanted the binding's arguments */
  constructor(wanted: Arguments) {
    const how = wanted['x-match']?.value ?? 'all';
    const withX = how === 'all-with-x' || how === 'any-with-x';
    const entries = Object.entries(wanted).filter(
      ([name]) => name !== 'x-match' && (withX || !name.startsWith('x-')),
    );
    this.#isAny = how === 'any' || how === 'any-with-x';
    this.#names = entries.map(([name]) => name);
    this.#values = entries.map(([, value]) => value);
  }

  /**
   * Compares a message's headers.
   *
   * @returns headers looked at, at least 1; negative where the message does not match
   */
  compare(headers: Arguments): number {
    const count = this.#names.length;
    for (let i = 0; i < count; i++) {
      const header = headers[this.#names[i] ?? ''];
      const wanted = this.#values[i];
      const isFound =
        header !== undefined &&
        wanted !== undefined &&
        (wanted.type === 'void' || hasSameValue(wanted, header));
      if (isFound === this.#isAny) return this.#isAny ? i + 1 : -(i + 1);
    }
    return this.#isAny ? -(count + 1) : count + 1;
  }
}
