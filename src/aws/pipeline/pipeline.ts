// The steps that every call goes through, whether it came over HTTP or from this process.

import { assert } from '../../base/assert.ts';
import type { CallContext } from '../../calls/call-context.ts';
import type { CompletedCall } from '../../calls/completed-call.ts';
import { AwsError, inWordsOf, RequestError } from '../errors.ts';
import type { BatchEntry, Decision, Permission, Result, Service } from '../service.ts';
import { recordShape } from '../shapes/shape-writer.ts';
import type { Route } from './registry.ts';

/** The decisions about a call that other folders make. `server/compose.ts` provides them. */
export interface PipelineHooks {
  /**
   * Authorises a call by the policies of its caller. Keys are authorised by the key service.
   *
   * @throws {AwsError | RequestError} `access-denied`
   */
  authorise(permissions: readonly Permission[], context: CallContext, service: Service): void;
  /**
   * Returns the changes that add a completed call to the audit trail; empty if it is not recorded.
   */
  record(call: CompletedCall): readonly BatchEntry[];
  /**
   * Applies a batch completely or not at all before it returns, and resolves once it is on disk. If
   * it rejects, the call is answered with an internal failure.
   */
  commit(batch: readonly BatchEntry[]): Promise<void>;
  /** Called for unexpected errors: a bug, or a batch that could not be committed. */
  onUnexpectedError(error: unknown, context: CallContext): void;
}

/** A call to an operation, with its caller and input. */
export interface Call {
  readonly route: Route;
  readonly context: CallContext;
  /**
   * Returns the input in the types of the operation's shape.
   *
   * @throws {RequestError} `unreadable`, `invalid-value`
   */
  readonly read: () => unknown;
  /** Replaces the service's event source in the audit record. */
  readonly eventSource?: string;
  readonly sharedEventId?: string;
  /** Names of input members that are left out of the audit record. */
  readonly unrecorded?: readonly string[];
}

/**
 * Performs a call: reads the input, authorises, runs the operation, records, and commits.
 *
 * @returns the operation's output, once its changes and the audit record are on disk
 * @throws {AwsError} if the operation or this function refused the call; this is also recorded
 */
export async function perform(
  call: Call,
  hooks: PipelineHooks,
  nowMs: () => number,
): Promise<unknown> {
  const { route, context } = call;
  let input: unknown;
  let result: Result<unknown>;
  try {
    input = call.read();
    hooks.authorise(permissionsOf(route, input, context), context, route.service);
    const outcome = route.operation.handle(input, context);
    const handed: Result<unknown> | Decision<unknown> =
      outcome instanceof Promise ? await outcome : outcome;
    result = typeof handed === 'function' ? handed() : handed;
  } catch (error) {
    const failure = awsErrorFor(error, route);
    if (failure.status >= 500) hooks.onUnexpectedError(error, context);
    // An invalid input is recorded too, so that attempts to use a key can be found.
    if (input === undefined && error instanceof RequestError) input = error.input;
    const resources =
      input === undefined ? undefined : route.operation.failedResources?.(input, context);
    const result = { output: undefined, ...(resources && { resources }) };
    const ended = completedCall(call, input, result, nowMs(), failure);
    // Failed attempts of unauthenticated callers must not fill the trail. The dispatcher logs them.
    const isAnonymous = context.caller.type === 'anonymous';
    await committed(isAnonymous ? [] : recordOf(ended, call, hooks), hooks, call);
    throw failure;
  }
  // No await since the operation decided: what it checked still holds when its changes are applied.
  const record = recordOf(completedCall(call, input, result, nowMs(), undefined), call, hooks);
  const batch = [...(result.changes ?? []), ...record];
  await committed(batch, hooks, call);
  result.committed?.();
  return result.output;
}

async function committed(
  batch: readonly BatchEntry[],
  hooks: PipelineHooks,
  { route, context }: Call,
): Promise<void> {
  if (batch.length === 0) return;
  try {
    await hooks.commit(batch);
  } catch (error) {
    hooks.onUnexpectedError(error, context);
    throw awsErrorFor(error, route);
  }
}

function recordOf(
  completed: CompletedCall,
  { route }: Call,
  hooks: PipelineHooks,
): readonly BatchEntry[] {
  return route.operation.isRecorded === false ? [] : hooks.record(completed);
}

function permissionsOf(route: Route, input: unknown, context: CallContext): readonly Permission[] {
  const { operation } = route;
  return operation.permissions?.(input, context) ?? [{ action: operation.action, resources: [] }];
}

/** Converts any thrown error to an AWS error. Unexpected errors become internal failures. */
function awsErrorFor(error: unknown, { service, wire }: Route): AwsError {
  if (error instanceof AwsError) return error;
  if (error instanceof RequestError) return inWordsOf(wire, error);
  assert(error instanceof Error, 'the thrown value is not an Error');
  const translated = service.translate?.(error);
  if (translated) return translated;
  const text = 'An internal failure occurred. The log has details under the id of this request.';
  return inWordsOf(wire, new RequestError('internal', text, { cause: error }));
}

function completedCall(
  call: Call,
  input: unknown,
  result: Result<unknown>,
  atMs: number,
  failure: AwsError | undefined,
): CompletedCall {
  const { context, route, sharedEventId } = call;
  const { operation, service } = route;
  const { nowMs: _began, ...known } = context;
  return {
    ...known,
    atMs,
    eventSource: call.eventSource ?? service.eventSource,
    eventName: route.name,
    apiVersion: service.apiVersion,
    readOnly: operation.readOnly,
    requestParameters: requestParameters(call, input, result),
    responseElements: failure ? null : responseElements(route, result),
    ...(failure && { error: { code: failure.code, message: failure.message } }),
    resources: result.resources ?? [],
    ...(result.additionalEventData && { additionalEventData: result.additionalEventData }),
    ...(sharedEventId !== undefined && { sharedEventId }),
  };
}

function requestParameters(call: Call, input: unknown, result: Result<unknown>): object | null {
  if (result.auditRequest !== undefined) return result.auditRequest;
  if (input === undefined) return null;
  const { unrecorded = [] } = call;
  // The input is an object: every operation's input is a structure.
  const shown = Object.entries(input as object).filter(([name]) => !unrecorded.includes(name));
  return recordShape(call.route.operation.input, Object.fromEntries(shown));
}

function responseElements(route: Route, result: Result<unknown>): object | null {
  if (result.auditResponse !== undefined) return result.auditResponse;
  return route.operation.readOnly ? null : recordShape(route.operation.output, result.output);
}
