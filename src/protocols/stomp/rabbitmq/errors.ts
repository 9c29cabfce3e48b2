// Errors with RabbitMQ's texts.

import { printable } from '../../../base/byte-text.ts';
import { BytesError, RangeExceeded } from '../../../base/bytes.ts';
import { BrokerError } from '../../../broker/errors.ts';
import { frameBytes, type OutHeaders } from '../codec/out-frames.ts';
import { StompError, type StompErrorCode } from '../errors.ts';

/** The version whose escapes RabbitMQ uses for all versions. */
export const escapes = '1.2';

/** An error with a short text for the header `message`; the message of the error is the body. */
export class RabbitMqError extends StompError {
  readonly title: string;
  /** The id of the subscription that it is about. */
  readonly subscription: string | undefined;
  /** Whether the ERROR frame repeats the receipt that the frame asked for, which RabbitMQ does not do. */
  readonly repeatsReceipt: boolean;

  constructor(
    code: StompErrorCode,
    title: string,
    body: string,
    more: {
      readonly cause?: unknown;
      readonly subscription?: string | undefined;
      readonly repeatsReceipt?: boolean;
    } = {},
  ) {
    super(code, body, more.cause === undefined ? undefined : { cause: more.cause });
    this.title = title;
    this.subscription = more.subscription;
    this.repeatsReceipt = more.repeatsReceipt === true;
  }
}

/** A frame that cannot be executed. The connection continues. */
export function invalid(title: string, body: string): RabbitMqError {
  return new RabbitMqError('invalid', title, body);
}

/** A header whose value cannot be used. RabbitMQ does not say more than the title. */
export function badHeader(name: string, value: string, allowed: string): RabbitMqError {
  const shown = printable(value.slice(0, shownMax));
  const body = `the header '${name}' is '${shown}'; ${allowed} is allowed\n`;
  return invalid('Processing error', body);
}

/** Maximum length of a value in an error, in characters. */
const shownMax = 200;

const titles: Readonly<Record<StompErrorCode, string>> = {
  malformed: 'Malformed frame',
  'out-of-order': 'Illegal command',
  refused: 'Bad CONNECT',
  failed: 'Processing error',
  invalid: 'Processing error',
  closing: 'Connection closed',
  internal: 'Processing error',
};

/** Encodes an ERROR frame. */
export function errorFrame(error: StompError, receipt: string | undefined): Buffer {
  const own = error instanceof RabbitMqError ? error : undefined;
  const body = error.message.split('\n').map(printable).join('\n');
  const headers: OutHeaders = [
    ['message', own?.title ?? titles[error.code]],
    ['content-type', 'text/plain'],
    ['version', '1.0,1.1,1.2'],
    ['subscription', own?.subscription],
    ['receipt-id', own?.repeatsReceipt === true ? receipt : undefined],
    ['content-length', body === '' ? undefined : String(Buffer.byteLength(body))],
  ];
  return frameBytes('ERROR', headers, body, escapes);
}

/** Converts any error that was thrown while data of the peer was handled. */
export function toStompError(thrown: unknown): StompError {
  if (thrown instanceof StompError) return thrown;
  if (thrown instanceof BrokerError) {
    const title = thrown.code.replaceAll('-', '_');
    const body = `${title.toUpperCase()} - ${thrown.message}`;
    return new RabbitMqError('failed', title, body, { cause: thrown });
  }
  if (thrown instanceof BytesError || thrown instanceof RangeExceeded) {
    return new RabbitMqError('invalid', 'Processing error', `${thrown.message}\n`, {
      cause: thrown,
    });
  }
  return new RabbitMqError('internal', 'Processing error', 'a bug in the server', {
    cause: thrown,
  });
}
