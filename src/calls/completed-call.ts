import type { CallContext } from './call-context.ts';

/** A resource that a call touched, as an audit record lists it. */
export interface TouchedResource {
  readonly arn: string;
  /** `AWS::KMS::Key`, `AWS::AmazonMQ::Broker`, … */
  readonly type: string;
  readonly accountId: string;
}

/** A call that has ended, for the audit trail. Nothing in it is secret any more. */
export interface CompletedCall extends Omit<CallContext, 'nowMs'> {
  /** When the call ended. */
  readonly atMs: number;
  /** `kms.amazonaws.com`, `amazonmq.amazonaws.com` */
  readonly eventSource: string;
  /** The operation's name. */
  readonly eventName: string;
  readonly apiVersion: string | undefined;
  readonly readOnly: boolean;
  /** Members in lower camel case, secrets and blobs left out; null where there are none. */
  readonly requestParameters: object | null;
  /** As {@link requestParameters}; dropped for calls that only read and for calls that failed. */
  readonly responseElements: object | null;
  readonly error?: { readonly code: string; readonly message: string };
  readonly resources: readonly TouchedResource[];
  readonly additionalEventData?: object;
  /** Common to the copies of one action that several accounts receive. */
  readonly sharedEventId?: string;
}
