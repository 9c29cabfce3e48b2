// The errors of the control plane.

import { WaxwingError } from '../base/errors.ts';

/**
 * The error codes of requests about brokers:
 * - `bad-request`: the request violates a rule, names something that is not offered, or does not
 * fit the broker's state
 * - `not-found`: the broker or resource does not exist
 * - `conflict`: the broker name or the idempotency token is in use
 * - `not-answering`: the process of the broker does not answer; the request may still take effect
 */
export type ControlErrorCode = 'bad-request' | 'not-found' | 'conflict' | 'not-answering';

/** A request about brokers that is refused. */
export class ControlError extends WaxwingError<ControlErrorCode> {
  /** The member of the request that is wrong, as in Amazon MQ's `errorAttribute`. */
  readonly attribute: string | undefined;

  constructor(code: ControlErrorCode, message: string, attribute?: string) {
    super(code, message);
    this.attribute = attribute;
  }
}

/** This service has no engine for brokers of this kind. */
export class EngineMissing extends WaxwingError<'engine-missing'> {
  constructor(message: string) {
    super('engine-missing', message);
  }
}
