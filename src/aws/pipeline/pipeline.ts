import { assert } from '../../base/assert.ts';
import type { CallContext } from '../../calls/call-context.ts';
import type { CompletedCall } from '../../calls/completed-call.ts';
import { AwsError, inWordsOf, RequestError } from '../errors.ts';
import type { BatchEntry, Decision, Permission, Result, Service } from '../service.ts';
import { recordShape } from '../shapes/shape-writer.ts';
import type { Route } from './registry.ts';

/** What others decide about a call; handed in where the parts are put together. */
export interface PipelineHooks {
  /**
   * Lets a call pass or not.
   *
   * @throws {AwsError | RequestError} `access-denied`
   */
  authorise(permissions: readonly Permission[], context: CallContext, service: Service): void;
  /** What must be committed for an ended call to be in the trail; nothing for what is not in it. */
  record(call: CompletedCall): readonly BatchEntry[];
  /**
   * Applies a batch before it returns, all or nothing, and resolves when it is on the disk. Where
   * it rejects, the call is answered as an internal failure.
   */
  commit(batch: readonly BatchEntry[]): Promise<void>;
  /** Told of what nobody expected: a bug, or a batch that could not be committed. */
  onUnexpectedError(error: unknown, context: CallContext): void;
}

/** A call on its way: to which operation, by whom, with what. */
export interface Call {
  readonly route: Route;
  readonly context: CallContext;
  /**
   * The input in the operation's types.
   *
   * @throws {RequestError} `unreadable`, `invalid-value`
   */
  readonly read: () => unknown;
  /** Stands in the audit record instead of the service's own. */
  readonly eventSource?: string;
  readonly sharedEventId?: string;
  /** Names of the input's members that the audit record does not show. */
  readonly unrecorded?: readonly string[];
}

/**
 * What every call passes, however it came: read, authorise, handle, record, commit.
 *
 * @returns the operation's output, once its changes and the audit record are on the disk
 * @throws {AwsError} what the operation or this function refused; recorded too
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
    // What breaks a constraint is recorded too: who tried what with which key must be found.
    if (input === undefined && error instanceof RequestError) input = error.input;
    const resources =
      input === undefined ? undefined : route.operation.failedResources?.(input, context);
    const result = { output: undefined, ...(resources && { resources }) };
    const ended = completedCall(call, input, result, nowMs(), failure);
    // A stranger's failed attempts must not fill the trail; the dispatcher tells of them.
    const isStranger = context.caller.type === 'anonymous';
    await committed(isStranger ? [] : recordOf(ended, call, hooks), hooks, call);
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

/** Puts whatever was thrown into AWS's words; what nobody expected becomes an internal failure. */
function awsErrorFor(error: unknown, { service, wire }: Route): AwsError {
  if (error instanceof AwsError) return error;
  if (error instanceof RequestError) return inWordsOf(wire, error);
  assert(error instanceof Error, 'only errors are thrown');
  const translated = service.translate?.(error);
  if (translated) return translated;
  const text = 'An internal failure; the log tells more under the id of this request.';
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
  // What was read is an object: every operation's input is a structure.
  const shown = Object.entries(input as object).filter(([name]) => !unrecorded.includes(name));
  return recordShape(call.route.operation.input, Object.fromEntries(shown));
}

function responseElements(route: Route, result: Result<unknown>): object | null {
  if (result.auditResponse !== undefined) return result.auditResponse;
  return route.operation.readOnly ? null : recordShape(route.operation.output, result.output);
}
