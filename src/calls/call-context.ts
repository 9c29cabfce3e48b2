import type { Caller } from './caller.ts';

/** What is known of a call besides its input: who makes it, how and when. */
export interface CallContext {
  readonly caller: Caller;
  /**
   * The service that makes this call with the caller's identity (`mq.amazonaws.com`: a forward
   * access session), or undefined where the caller calls for itself.
   */
  readonly invokedBy: string | undefined;
  /** A UUID, the one that the answer's `x-amzn-RequestId` carries. */
  readonly requestId: string;
  /** A UUID, the audit record's. */
  readonly eventId: string;
  readonly region: string;
  /** The account whose resources are meant and whose trail records the call, 12 digits. */
  readonly accountId: string;
  readonly sourceIp: string;
  readonly userAgent: string;
  readonly tls?: { readonly version: string; readonly cipher: string; readonly host: string };
  /** When the call began. */
  readonly nowMs: number;
}
