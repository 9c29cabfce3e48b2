// The context of a call.

import type { Caller } from './caller.ts';

/** The caller, time and origin of a call: everything except its input. */
export interface CallContext {
  readonly caller: Caller;
  /**
   * The service that makes this call with the caller's identity (a forward access session), such as
   * `mq.amazonaws.com`; undefined if the caller calls directly.
   */
  readonly invokedBy: string | undefined;
  /** The ARN of the resource for which a service calls for itself, such as a trail. */
  readonly sourceArn?: string;
  /** The request id, a UUID, which is also returned in `x-amzn-RequestId`. */
  readonly requestId: string;
  /** The id of the audit record, a UUID. */
  readonly eventId: string;
  readonly region: string;
  /** The account that owns the resources and whose trail records the call, 12 digits. */
  readonly accountId: string;
  readonly sourceIp: string;
  readonly userAgent: string;
  readonly tls?: { readonly version: string; readonly cipher: string; readonly host: string };
  /** The start of the call, milliseconds since 1970. */
  readonly nowMs: number;
}
