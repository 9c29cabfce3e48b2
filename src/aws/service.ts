// Declarations of services and operations.

import type { CallContext } from '../calls/call-context.ts';
import type { Caller } from '../calls/caller.ts';
import type { TouchedResource } from '../calls/completed-call.ts';
import type { AwsError, Wire } from './errors.ts';
import type { Shape } from './shapes/shape.ts';

/** A change to a journal: it is applied to the state in memory and appended to the system log. */
export interface Change {
  /** The journal's name: `kms`, `mq`, `identity`, … */
  readonly journal: string;
  /** Plain JSON, defined by the journal. */
  readonly change: object;
}

/** An entry of an atomic batch of the system log. */
export type BatchEntry =
  | Change
  | { readonly timeline: string; readonly atMs: number; readonly bytes: Buffer };

/**
 * The result of an operation: its output, and the changes it makes. The dispatcher commits the
 * changes and the audit record as one atomic batch, and answers once the batch is synced. An
 * operation never commits by itself.
 */
export interface Result<Output> {
  readonly output: Output;
  readonly changes?: readonly Change[];
  readonly resources?: readonly TouchedResource[];
  /** Replaces the request parameters in the audit record; `null` if they must not be recorded. */
  readonly auditRequest?: object | null;
  /** Replaces the response in the audit record; `null` if it must not be recorded. */
  readonly auditResponse?: object | null;
  readonly additionalEventData?: object;
  /**
   * False if the trail does not show the call: one that changes nothing, of a caller whom nobody has
   * authenticated, of which there are too many to record. Defaults to true.
   */
  readonly isRecorded?: boolean;
  /** The caller that an unsigned operation has authenticated by itself, for the audit record. */
  readonly caller?: Caller;
  /**
   * Called after the batch is synced and before the answer is sent, to start the recorded work. If
   * it returns a promise, the answer waits for it; it must not reject.
   */
  readonly committed?: () => unknown;
}

/** An action on resources that needs authorisation. */
export interface Permission {
  /** `kms:CreateGrant` */
  readonly action: string;
  /** ARNs; empty for actions without resources. */
  readonly resources: readonly string[];
  /**
   * The condition keys of the action and its resources, besides those of every call:
   * `aws:RequestTag/team`, `aws:TagKeys`. Undefined values are absent keys.
   */
  readonly values?: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Whether everyone has the permission, so that only a Deny refuses it. */
  readonly isGiven?: boolean;
}

/** The permissions that a call needs: at least one. */
export type Permissions = readonly [Permission, ...Permission[]];

/**
 * The declaration that an operation needs no permission of identity policies, with what decides
 * instead. See {@link noPermission}.
 */
export class NoPermission {
  readonly reason: string;

  /** @param reason what decides about calls instead, for readers of the code */
  constructor(reason: string) {
    this.reason = reason;
  }
}

/**
 * Declares that identity policies alone do not decide about the calls of an operation. It stands
 * for all calls of the operation: permissions that depend on the input are never empty.
 *
 * @param reason what decides instead
 */
export function noPermission(reason: string): NoPermission {
  return new NoPermission(reason);
}

/** Returns permissions that are changed one by one. */
export function mapPermissions(
  [first, ...more]: Permissions,
  change: (permission: Permission) => Permission,
): Permissions {
  return [change(first), ...more.map(change)];
}

/**
 * The authentication that an operation requires: a signature (version 4), a bearer token, or none.
 */
export type Authentication = 'signature' | 'bearer-token' | 'none';

/** The HTTP binding of an operation on a REST wire. */
export interface HttpTrait {
  readonly method: string;
  /**
   * The path: `/v1/brokers/{brokerId}`. A part in braces binds the input member of that name.
   * `{Key+}` matches the rest of the path. A query may follow, which the request must contain:
   * `/{Bucket}?location`. Unbound members come from the query for GET and DELETE, otherwise from
   * the body.
   */
  readonly path: string;
  /** The HTTP status of the response. Defaults to 200. */
  readonly status?: number;
  /** Whether HEAD is answered like GET, without the body. */
  readonly isAlsoHead?: boolean;
}

/**
 * Returns the permissions that a call needs. It has the type of a method, so that operations with
 * different inputs can be handled alike.
 */
export type PermissionsOf<Input> = {
  of(input: Input, context: CallContext): Permissions;
}['of'];

/** An operation of a service: its shapes, its permissions, and its implementation. */
export interface Operation<Input = never, Output = unknown> {
  readonly action: string;
  readonly readOnly: boolean;
  /** The required authentication. Defaults to a signature. */
  readonly authentication?: Authentication;
  /**
   * Whether calls are recorded in the audit trail. False only for frequent public operations that
   * reveal nothing about an account; `failures` only for the many parts of a transfer whose begin
   * and end are recorded.
   */
  readonly isRecorded?: boolean | 'failures';
  /** Whether calls are data events, which report the use of a resource and not its management. */
  readonly isDataEvent?: boolean;
  readonly input: Shape<Input>;
  readonly output: Shape<Output>;
  /** Only on the wires `rest-json` and `rest-xml`. */
  readonly http?: HttpTrait;
  /**
   * The permissions that identity policies must grant, or the declaration that they need not grant
   * any. They are checked after validation and before `handle`. Defaults to the action on `*`.
   */
  readonly permissions?: NoPermission | PermissionsOf<Input>;
  /**
   * The resources that a failed call concerns, for its audit record. Resources that do not exist,
   * or that the caller may not see, are left out. Must not throw.
   */
  failedResources?(input: Input, context: CallContext): readonly TouchedResource[];
  /**
   * Performs the operation. The dispatcher applies the changes in the same tick in which it
   * receives them, so that the checks of a synchronous operation still hold. Other calls can run at
   * every await. An asynchronous operation that depends on the current state therefore resolves to
   * a {@link Decision}, which checks and returns its changes synchronously.
   */
  handle(input: Input, context: CallContext): Outcome<Output>;
  /** The error of an operation that refuses every call. See {@link refusal}. */
  refuse?(input: Input): Error;
}

/**
 * The synchronous last step of an asynchronous operation: it checks the state and returns the
 * changes.
 */
export type Decision<Output> = () => Result<Output>;

/** The result types of {@link Operation.handle}. */
export type Outcome<Output> = Result<Output> | Promise<Result<Output> | Decision<Output>>;

/** Declares an operation. The shapes determine its input and output types. */
export function operation<Input, Output>(
  declared: Operation<Input, Output>,
): Operation<Input, Output> {
  return declared;
}

/** A known operation that refuses every call. */
export interface Refusal<Input, Output> extends Omit<Operation<Input, Output>, 'handle'> {
  /** Checks the preconditions. Throws if one does not hold. */
  requires?(input: Input): void;
  refuse(input: Input): Error;
}

/** Declares an operation that refuses every call with an error of its API. */
export function refusal<Input, Output>({
  requires,
  ...declared
}: Refusal<Input, Output>): Operation<Input, Output> {
  return {
    ...declared,
    handle(input) {
      requires?.(input);
      throw declared.refuse(input);
    },
  };
}

/** A service of the API. */
export interface Service {
  /** The service name, which is also the signing name: `kms`, `mq`, `cloudtrail`. */
  readonly name: string;
  /** The supported wires. Errors of calls within the process use the first one. */
  readonly wires: readonly [Wire, ...Wire[]];
  /**
   * The prefix before the dot in `X-Amz-Target` on JSON wires, and the name after `/service/` on
   * `rpc-v2-cbor`. Several if SDKs differ.
   */
  readonly targetPrefixes?: readonly string[];
  /** The XML namespace. Defaults to `https://NAME.amazonaws.com/doc/VERSION/`. */
  readonly xmlNamespace?: string;
  /**
   * Whether paths lead to this service only in requests that are signed for it, because they are
   * so general that they contain those of other services. Only on REST wires.
   */
  readonly isFoundBySignature?: boolean;
  /** The event source in audit records: `kms.amazonaws.com`, `amazonmq.amazonaws.com`. */
  readonly eventSource: string;
  readonly apiVersion: string;
  /** The error code for values that violate constraints, if it is not that of the wire. */
  readonly invalidValueCode?: string;
  // biome-ignore lint/suspicious/noExplicitAny: operations differ in input and output; each is checked where it is declared.
  readonly operations: Readonly<Record<string, Operation<any, any>>>;
  /**
   * Converts an expected error of the domain to an AWS error. Returns undefined for other errors,
   * which are answered as internal failures.
   */
  translate?(error: Error): AwsError | undefined;
}
