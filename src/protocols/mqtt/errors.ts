// Errors of MQTT connections.

import { WaxwingError } from '../../base/errors.ts';
import { BrokerError, type BrokerErrorCode } from '../../broker/errors.ts';

/** Reason codes (MQTT 5, 2.4). */
export const reasons = {
  success: 0x00,
  noMatchingSubscribers: 0x10,
  noSubscriptionExisted: 0x11,
  unspecified: 0x80,
  malformedPacket: 0x81,
  protocolError: 0x82,
  implementationSpecific: 0x83,
  unsupportedVersion: 0x84,
  invalidClientId: 0x85,
  badUserOrPassword: 0x86,
  notAuthorized: 0x87,
  serverUnavailable: 0x88,
  serverBusy: 0x89,
  serverShuttingDown: 0x8b,
  badAuthenticationMethod: 0x8c,
  keepAliveTimeout: 0x8d,
  sessionTakenOver: 0x8e,
  invalidTopicFilter: 0x8f,
  invalidTopicName: 0x90,
  packetIdNotFound: 0x92,
  receiveMaximumExceeded: 0x93,
  invalidTopicAlias: 0x94,
  packetTooLarge: 0x95,
  quotaExceeded: 0x97,
  administrativeAction: 0x98,
  qosNotSupported: 0x9b,
  sharedSubscriptionsNotSupported: 0x9e,
} as const;

/** The name of a reason code. */
export type ReasonName = keyof typeof reasons;

/**
 * The kind of an error:
 *
 * - `peer`: the peer violated the protocol or exceeded a limit. The connection ends.
 * - `refused`: the operation is refused. The connection continues if its packet has an answer.
 * - `closing`: the broker closes the connection.
 * - `internal`: a bug in this program. The connection ends.
 */
export type MqttErrorCode = 'peer' | 'refused' | 'closing' | 'internal';

/** An error with a reason code for the peer. */
export class MqttError extends WaxwingError<MqttErrorCode> {
  readonly reason: ReasonName;

  constructor(code: MqttErrorCode, reason: ReasonName, message: string, options?: ErrorOptions) {
    super(code, message, options);
    this.reason = reason;
  }

  /** The number of the reason code. */
  get reasonCode(): number {
    return reasons[this.reason];
  }
}

/** The error for bytes that are not a packet. */
export function malformed(message: string): MqttError {
  return new MqttError('peer', 'malformedPacket', message);
}

/** The error for a packet that is not permitted here. */
export function protocolError(message: string): MqttError {
  return new MqttError('peer', 'protocolError', message);
}

/** The reason for each error of the broker. */
const replies: Readonly<Record<BrokerErrorCode, ReasonName>> = {
  'not-found': 'implementationSpecific',
  'precondition-failed': 'implementationSpecific',
  'resource-locked': 'implementationSpecific',
  'access-refused': 'notAuthorized',
  'not-allowed': 'notAuthorized',
  'resource-error': 'quotaExceeded',
  'not-implemented': 'implementationSpecific',
};

/** Converts any error that was thrown while data of the peer was handled. */
export function toMqttError(thrown: unknown): MqttError {
  if (thrown instanceof MqttError) return thrown;
  if (thrown instanceof BrokerError) {
    return new MqttError('refused', replies[thrown.code], thrown.message, { cause: thrown });
  }
  return new MqttError('internal', 'unspecified', 'a bug in the server', { cause: thrown });
}

/** The return codes of CONNACK before MQTT 5 (3.1.1, 3.2.2.3); others become `server unavailable`. */
const returnCodes: Partial<Record<ReasonName, number>> = {
  success: 0,
  unsupportedVersion: 1,
  invalidClientId: 2,
  badUserOrPassword: 4,
  notAuthorized: 5,
  quotaExceeded: 5,
};

/** Returns the CONNACK return code for a reason, for versions before MQTT 5. */
export function returnCodeOf(reason: ReasonName): number {
  return returnCodes[reason] ?? 3;
}
