// The results of conversions of large messages, until the messages are delivered.

import { isSameTarget, type TargetFormat } from './target-format.ts';

/** Maximum number of kept results: a queue may have consumers of several protocols. */
const keptCountMax = 4;
/** Milliseconds after which results that nobody has taken are dropped. */
const keptMs = 5000;

/** The place of a message in a buffer. */
export interface PreparedMessage {
  readonly buffer: Buffer;
  readonly addressAt: number;
  readonly addressEnd: number;
  readonly headAt: number;
  readonly headLength: number;
  readonly bodyAt: number;
  readonly bodyLength: number;
}

/** What the result depends on, besides the bytes of the message. */
export interface PreparedTerms {
  /** The number of the format of the message, without flags. */
  readonly format: number;
  readonly to: TargetFormat;
  /** Maximum size of the converted head, bytes. */
  readonly headBytesMax: number;
}

/** A converted message: its address, head and body, one after the other. */
export interface PreparedResult {
  readonly buffer: Buffer;
  readonly headLength: number;
  readonly bodyLength: number;
}

interface Kept {
  message: PreparedMessage;
  readonly terms: PreparedTerms;
  readonly isShared: boolean;
  readonly result: PreparedResult | undefined;
  /** Why there is no result. */
  readonly error: unknown;
  /** When the first tick saw it, milliseconds since 1970. */
  sinceMs: number;
}

/** Prepared results. Each is of some megabytes, so they are kept for a short time only. */
export class PreparedConversions {
  #kept: Kept[] = [];

  /**
   * Keeps a result until it is taken.
   *
   * @param result the result, or the error
   * @param isShared whether several consumers wait for it: it is then kept for all of them
   */
  keep(
    message: PreparedMessage,
    terms: PreparedTerms,
    result: PreparedResult | { readonly error: unknown },
    isShared: boolean,
  ): void {
    const outcome =
      'error' in result ? { result: undefined, error: result.error } : { result, error: undefined };
    if (this.#kept.length >= keptCountMax) this.#kept.shift();
    this.#kept.push({ message, terms, isShared, ...outcome, sinceMs: Infinity });
  }

  /** Drops results that nobody has taken. */
  tick(nowMs: number): void {
    for (const kept of this.#kept) kept.sinceMs = Math.min(kept.sinceMs, nowMs);
    this.#kept = this.#kept.filter(({ sinceMs }) => nowMs - sinceMs < keptMs);
  }

  /** Whether there is a result, or an error, for a message. */
  has(message: PreparedMessage, terms: PreparedTerms): boolean {
    return this.#kept.some((kept) => isOf(kept, message, terms));
  }

  /**
   * Returns the result for a message that is delivered now; undefined if there is none.
   *
   * @throws the error of the conversion
   */
  take(message: PreparedMessage, terms: PreparedTerms): PreparedResult | undefined {
    const at = this.#kept.findIndex((each) => isOf(each, message, terms));
    const kept = this.#kept[at];
    if (kept === undefined) return undefined;
    if (!kept.isShared) this.#kept.splice(at, 1);
    if (kept.result === undefined) throw kept.error;
    return kept.result;
  }
}

/** Whether a result is that of a message. The place of the message is kept: comparing it takes long. */
function isOf(kept: Kept, message: PreparedMessage, terms: PreparedTerms): boolean {
  if (!isSame(kept, message, terms)) return false;
  const { buffer, addressAt, addressEnd, headAt, headLength, bodyAt, bodyLength } = message;
  if (kept.message.buffer !== buffer) {
    kept.message = { buffer, addressAt, addressEnd, headAt, headLength, bodyAt, bodyLength };
  }
  return true;
}

function isSame(kept: Kept, message: PreparedMessage, terms: PreparedTerms): boolean {
  const { format, to, headBytesMax } = kept.terms;
  if (format !== terms.format || headBytesMax !== terms.headBytesMax) return false;
  if (!isSameTarget(to, terms.to)) return false;
  const { buffer, addressAt, addressEnd, headAt, headLength, bodyAt, bodyLength } = message;
  const known = kept.message;
  if (known.buffer === buffer && known.bodyAt === bodyAt) return true;
  // It was read from the disk again, or is in another queue.
  return (
    known.headLength === headLength &&
    known.bodyLength === bodyLength &&
    known.addressEnd - known.addressAt === addressEnd - addressAt &&
    isEqual(known, known.addressAt, message, addressAt, addressEnd - addressAt) &&
    isEqual(known, known.headAt, message, headAt, headLength) &&
    isEqual(known, known.bodyAt, message, bodyAt, bodyLength)
  );
}

function isEqual(
  one: PreparedMessage,
  oneAt: number,
  other: PreparedMessage,
  otherAt: number,
  size: number,
): boolean {
  return one.buffer.compare(other.buffer, otherAt, otherAt + size, oneAt, oneAt + size) === 0;
}

/** Those of all brokers of this process. */
export const preparedConversions = new PreparedConversions();
