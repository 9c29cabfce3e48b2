// Errors with ActiveMQ's texts and classes.

import { InvalidSchedule } from '../../../broker/activemq/scheduling/scheduled-headers.ts';
import { BrokerError, type BrokerErrorCode } from '../../../broker/errors.ts';
import type { Version } from '../codec/header-text.ts';
import { frameBytes, type OutHeaders } from '../codec/out-frames.ts';
import { StompError, type StompErrorCode } from '../errors.ts';

/** Names of Java classes, which clients of ActiveMQ check. */
const classes = {
  protocol: 'org.apache.activemq.transport.stomp.ProtocolException',
  security: 'java.lang.SecurityException',
  jms: 'javax.jms.JMSException',
  destination: 'javax.jms.InvalidDestinationException',
  allocation: 'javax.jms.ResourceAllocationException',
  io: 'java.io.IOException',
  format: 'javax.jms.MessageFormatException',
  argument: 'java.lang.IllegalArgumentException',
  clientId: 'javax.jms.InvalidClientIDException',
  selector: 'javax.jms.InvalidSelectorException',
  missing: 'org.apache.activemq.DestinationDoesNotExistException',
} as const;

/** An error with the class of the exception that ActiveMQ throws. */
export class ActiveMqError extends StompError {
  readonly className: string;

  constructor(
    code: StompErrorCode,
    message: string,
    of: keyof typeof classes = 'protocol',
    options?: ErrorOptions,
  ) {
    super(code, message, options);
    this.className = classes[of];
  }
}

/** The class for errors that the broker's type does not determine. */
function classOf(error: StompError): string {
  if (error instanceof ActiveMqError) return error.className;
  const isOfBroker = error.code === 'closing' || error.code === 'internal';
  return isOfBroker ? classes.io : classes.protocol;
}

/** The body of an ERROR frame: the text, and the class unless it is about permissions. */
function bodyOf(error: StompError): string {
  const className = classOf(error);
  return className === classes.security ? error.text : `${className}: ${error.text}`;
}

/** Encodes an ERROR frame about another frame. The answer to CONNECT is not escaped. */
export function errorFrame(
  error: StompError,
  receipt: string | undefined,
  version: Version,
): Buffer {
  const headers: OutHeaders = [
    ['content-type', 'text/plain'],
    ['message', error.text],
    ['receipt-id', receipt],
  ];
  return frameBytes('ERROR', headers, bodyOf(error), error.code === 'refused' ? '1.0' : version);
}

/** The exception class for each error code of the broker. */
const replies: Readonly<Record<BrokerErrorCode, keyof typeof classes>> = {
  'not-found': 'destination',
  'precondition-failed': 'jms',
  'resource-locked': 'jms',
  'access-refused': 'security',
  'not-allowed': 'security',
  'resource-error': 'allocation',
  'not-implemented': 'jms',
};

/** Converts any error that was thrown while data of the peer was handled. */
export function toStompError(thrown: unknown): StompError {
  if (thrown instanceof StompError) return thrown;
  if (thrown instanceof InvalidSchedule) {
    const of = thrown.isCron ? 'argument' : 'format';
    return new ActiveMqError('invalid', thrown.message, of, { cause: thrown });
  }
  if (thrown instanceof BrokerError) {
    return new ActiveMqError('invalid', thrown.message, replies[thrown.code], { cause: thrown });
  }
  return new ActiveMqError('internal', 'a bug in the server', 'io', { cause: thrown });
}

/** The exception class for an error of a log-in, where a client id may be in use. */
const refusals = { ...replies, 'resource-locked': 'clientId' } as const;

/** Converts the error of a refused log-in, which ends the connection. */
export function refusal(thrown: unknown): StompError {
  const error = toStompError(thrown);
  if (error.isFatal) return error;
  const { message, cause } = error;
  const of = cause instanceof BrokerError ? refusals[cause.code] : 'security';
  return new ActiveMqError('refused', message, of, { cause });
}
