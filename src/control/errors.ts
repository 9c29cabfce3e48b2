import { WaxwingError } from '../base/errors.ts';

/**
 * Why a request about brokers is refused:
 *
 * - `bad-request`: it breaks a rule, names something that is not offered, or does not fit the broker's
 *   state
 * - `not-found`: it names a broker or a resource that does not exist
 * - `conflict`: it names a broker name or an idempotency token that is in use
 */
export type ControlErrorCode = 'bad-request' | 'not-found' | 'conflict';

/** A request about brokers that control refuses. */
export class ControlError extends WaxwingError<ControlErrorCode> {
  /** The member of the request that is wrong, as in Amazon MQ's `errorAttribute`. */
  readonly attribute: string | undefined;

  constructor(code: ControlErrorCode, message: string, attribute?: string) {
    super(code, message);
    this.attribute = attribute;
  }
}

/** No engine of this service runs brokers of a broker's kind. */
export class EngineMissing extends WaxwingError<'engine-missing'> {
  constructor(message: string) {
    super('engine-missing', message);
  }
}
