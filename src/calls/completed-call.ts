// A completed call, in the form that the audit trail records.

import type { CallContext } from './call-context.ts';

/** A resource that a call used, as listed in an audit record. */
export interface TouchedResource {
  readonly arn: string;
  /** `AWS::KMS::Key`, `AWS::AmazonMQ::Broker`, … */
  readonly type: string;
  readonly accountId: string;
}

/** A completed call, for the audit trail. It contains nothing sensitive. */
export interface CompletedCall extends Omit<CallContext, 'nowMs'> {
  /** The end of the call, milliseconds since 1970. */
  readonly atMs: number;
  /** `kms.amazonaws.com`, `amazonmq.amazonaws.com` */
  readonly eventSource: string;
  /** The operation's name. */
  readonly eventName: string;
  readonly apiVersion: string | undefined;
  readonly readOnly: boolean;
  /** Whether the call used a resource and did not manage it. */
  readonly isDataEvent?: boolean;
  /**
   * Member names in lower camel case; sensitive values and blobs are left out. Null if there are
   * none.
   */
  readonly requestParameters: object | null;
  /**
   * The output, in the form of {@link requestParameters}. Null for read-only calls and for failed
   * calls.
   */
  readonly responseElements: object | null;
  readonly error?: { readonly code: string; readonly message: string };
  readonly resources: readonly TouchedResource[];
  readonly additionalEventData?: object;
  /** Shared by the copies of one event in several accounts. */
  readonly sharedEventId?: string;
}
