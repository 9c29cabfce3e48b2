import type { CallContext } from '../calls/call-context.ts';
import type { TouchedResource } from '../calls/completed-call.ts';
import type { AwsError, Wire } from './errors.ts';
import type { Shape } from './shapes/shape.ts';

/** One change to a journal's state: what is folded into memory and appended to the system log. */
export interface Change {
  /** The journal's name: `kms`, `mq`, `identity`, … */
  readonly journal: string;
  /** Plain JSON; meaning and folding belong to the journal. */
  readonly change: object;
}

/** One entry of an atomic batch, as the system log's owner takes it. */
export type BatchEntry =
  | Change
  | { readonly timeline: string; readonly atMs: number; readonly bytes: Buffer };

/**
 * What an operation hands back: its answer, and the changes that make it true. The dispatcher
 * applies the changes and the audit record as one atomic batch and answers once it is synced; an
 * operation never commits by itself.
 */
export interface Result<Output> {
  readonly output: Output;
  readonly changes?: readonly Change[];
  readonly resources?: readonly TouchedResource[];
  /** Replaces the request's members in the audit record; `null` where they must not be recorded. */
  readonly auditRequest?: object | null;
  /** Replaces the response in the audit record; `null` where it must not be recorded. */
  readonly auditResponse?: object | null;
  readonly additionalEventData?: object;
  /** Called once the batch is synced, before the answer leaves: to start what is now recorded. */
  readonly committed?: () => void;
}

/** What a call wants to do to what, for the authoriser. */
export interface Permission {
  /** `kms:CreateGrant` */
  readonly action: string;
  /** ARNs; empty where the action knows no resource. */
  readonly resources: readonly string[];
}

/** How a caller proves who it is: by a signature (version 4), by a bearer token, or not at all. */
export type Authentication = 'signature' | 'bearer-token' | 'none';

/** How an operation is called on a REST wire. */
export interface HttpTrait {
  readonly method: string;
  /**
   * `/v1/brokers/{brokerId}`: the part in braces is the input's member of that name. `{Key+}` takes
   * the rest of the path. A query may follow, which the request's must contain: `/{Bucket}?location`.
   * With GET and DELETE members that are bound to nothing come from the query, else from the body.
   */
  readonly path: string;
  /** 200 where left out. */
  readonly status?: number;
  /** HEAD is answered as GET, without the body. */
  readonly isAlsoHead?: boolean;
}

/** One operation of a service: what it takes, gives, needs and does. */
export interface Operation<Input = never, Output = unknown> {
  readonly action: string;
  readonly readOnly: boolean;
  /** How a caller proves who it is; by a signature where left out. */
  readonly authentication?: Authentication;
  /**
   * False where no audit record is made of a call: only for operations that anybody may call often
   * and that tell nothing of an account.
   */
  readonly isRecorded?: boolean;
  readonly input: Shape<Input>;
  readonly output: Shape<Output>;
  /** Only on the wires `rest-json` and `rest-xml`. */
  readonly http?: HttpTrait;
  /**
   * What the generic (identity) authorisation is asked for, after validation and before `handle`.
   * Left out: the action on `*`. Key policies and grants are judged inside kms/, on top of it.
   */
  permissions?(input: Input, context: CallContext): readonly Permission[];
  /**
   * What a call that failed was about, for its audit record: who tried to use what must be found by
   * it. What does not exist, or not for the caller, is left out. Must not throw.
   */
  failedResources?(input: Input, context: CallContext): readonly TouchedResource[];
  /**
   * Does it. The dispatcher applies the changes in the same tick in which it receives them, so
   * what a synchronous operation checked still holds. Calls interleave at every await: an
   * asynchronous operation that depends on the present state resolves to a {@link Decision}, which
   * checks and returns its changes synchronously, without a tick in between.
   */
  handle(input: Input, context: CallContext): Outcome<Output>;
  /** Where every call is refused, see {@link refusal}: why. */
  refuse?(input: Input): Error;
}

/** The synchronous end of an asynchronous operation: checks what must hold and says what changes. */
export type Decision<Output> = () => Result<Output>;

/** What an operation may hand back; see {@link Operation.handle}. */
export type Outcome<Output> = Result<Output> | Promise<Result<Output> | Decision<Output>>;

/** Declares an operation; its input and output types follow from the shapes. */
export function operation<Input, Output>(
  declared: Operation<Input, Output>,
): Operation<Input, Output> {
  return declared;
}

/** An operation that is known, and of which every call is refused. */
export interface Refusal<Input, Output> extends Omit<Operation<Input, Output>, 'handle'> {
  /** What must hold before; throws where it does not. */
  requires?(input: Input): void;
  refuse(input: Input): Error;
}

/** Declares an operation of which every call is refused, in the words of the API that it is of. */
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

/** A service behind the front door. */
export interface Service {
  /** `kms`, `mq`, `cloudtrail`: the signing name too. */
  readonly name: string;
  /** The wires that it is called by; calls within the process fail in the words of the first. */
  readonly wires: readonly [Wire, ...Wire[]];
  /**
   * What stands before the dot in `X-Amz-Target` on the JSON wires, and after `/service/` on
   * `rpc-v2-cbor`; several where SDKs differ.
   */
  readonly targetPrefixes?: readonly string[];
  /** The namespace of its XML; `https://NAME.amazonaws.com/doc/VERSION/` where left out. */
  readonly xmlNamespace?: string;
  /** `kms.amazonaws.com`, `amazonmq.amazonaws.com`: the audit record's event source. */
  readonly eventSource: string;
  readonly apiVersion: string;
  // biome-ignore lint/suspicious/noExplicitAny: operations differ in input and output; each is checked where it is declared.
  readonly operations: Readonly<Record<string, Operation<any, any>>>;
  /**
   * Puts a domain's expected failure into AWS's words; undefined for what it does not know, which is
   * then answered as an internal failure.
   */
  translate?(error: Error): AwsError | undefined;
}
