// The steps that every call goes through, whether it came over HTTP or from this process.

import { assert } from '../../base/assert.ts';
import type { CallContext } from '../../calls/call-context.ts';
import type { CompletedCall } from '../../calls/completed-call.ts';
import { AwsError, inWordsOf, RequestError } from '../errors.ts';
import {
  type BatchEntry,
  type Decision,
  NoPermission,
  type Permissions,
  type Result,
  type Service,
} from '../service.ts';
import { freeTextOf } from '../shapes/free-text.ts';
import { recordShape } from '../shapes/shape-writer.ts';
import type { Route } from './registry.ts';
import {
  auditedFindings,
  describeFindings,
  Redaction,
  refusalFor,
  type TextFinding,
  type TextInspection,
} from './text-inspection.ts';

/** The decisions about a call that other folders make. `server/compose.ts` provides them. */
export interface PipelineHooks {
  /**
   * Authorises a call by the policies of its caller. Keys are authorised by the key service.
   *
   * @throws {AwsError | RequestError} `access-denied`
   */
  authorise(permissions: Permissions | NoPermission, context: CallContext, service: Service): void;
  /**
   * Returns the changes that add a completed call to the audit trail; empty if it is not recorded.
   */
  record(call: CompletedCall): readonly BatchEntry[];
  /**
   * Applies a batch completely or not at all before it returns, and resolves once it is on disk. If
   * it rejects, the call is answered with an internal failure.
   */
  commit(batch: readonly BatchEntry[]): Promise<void>;
  /** Inspects free text. Without it, free text is not inspected. */
  readonly inspection?: TextInspection | undefined;
  /**
   * Returns a warning about the caller of a call, for the answer and the audit event; undefined if
   * there is none.
   */
  callerWarning?(context: CallContext): string | undefined;
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
  /**
   * Called if personal or secret data was found in the input, and the call was not refused for it.
   *
   * @param found its kinds and fields, such as `email in tag value`
   */
  readonly warned?: (found: string) => void;
}

const isUnexpected = ({ status, isRoutine }: AwsError) => status >= 500 && !isRoutine;

/**
 * Performs a call: reads the input, authorises, inspects free text, runs the operation, records, and
 * commits.
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
  let findings: readonly TextFinding[] | undefined;
  let result: Result<unknown>;
  try {
    input = call.read();
    authorised(call, input, hooks);
    // Waits only where there is free text.
    const inspecting = inspected(call, input, hooks);
    findings = inspecting instanceof Promise ? await inspecting : inspecting;
    if (findings.length > 0 && hooks.inspection?.isRefusing) throw refusalFor(findings);
    const outcome = route.operation.handle(input, context);
    const handed: Result<unknown> | Decision<unknown> =
      outcome instanceof Promise ? await outcome : outcome;
    result = typeof handed === 'function' ? handed() : handed;
    // During a wait, the caller may have lost the permission, or a name may have got a new owner.
    const hasWaited = inspecting instanceof Promise || outcome instanceof Promise;
    if (hasWaited) authorised(call, input, hooks);
  } catch (error) {
    const failure = awsErrorFor(error, route);
    if (isUnexpected(failure)) hooks.onUnexpectedError(error, context);
    // An invalid input is recorded too, so that attempts to use a key can be found.
    if (input === undefined && error instanceof RequestError) input = error.input;
    await recordFailure(call, input, findings, failure, hooks, nowMs);
    throw failure;
  }
  if (findings.length > 0) call.warned?.(describeFindings(findings));
  // No await since the operation decided: what it checked still holds when its changes are applied.
  const warning = hooks.callerWarning?.(context);
  const completed = completedCall(
    call,
    input,
    { ...result, warning },
    nowMs(),
    undefined,
    findings,
  );
  const batch = [...(result.changes ?? []), ...recordOfResult(result, completed, call, hooks)];
  await committed(batch, hooks, call);
  await result.committed?.();
  return result.output;
}

async function recordFailure(
  call: Call,
  input: unknown,
  known: readonly TextFinding[] | undefined,
  failure: AwsError,
  hooks: PipelineHooks,
  nowMs: () => number,
): Promise<void> {
  const { route, context } = call;
  const caller = failure.caller ?? context.caller;
  // Failed attempts of unauthenticated callers must not fill the trail. The dispatcher logs them.
  if (caller.type === 'anonymous') return;
  const resources =
    input === undefined ? undefined : route.operation.failedResources?.(input, context);
  const warning = hooks.callerWarning?.(context);
  const result = { output: undefined, warning, caller, ...(resources && { resources }) };
  // The trail must not show personal or secret data of a call that was refused for other reasons.
  const findings = known ?? (await inspected(call, input, hooks));
  const ended = completedCall(call, input, result, nowMs(), failure, findings);
  await committed(recordOf(ended, call, hooks), hooks, call);
}

/** Inspects the free text of an input. The result is a promise if there is any. */
function inspected(
  { route }: Call,
  input: unknown,
  { inspection }: PipelineHooks,
): readonly TextFinding[] | Promise<readonly TextFinding[]> {
  if (inspection === undefined || input === undefined) return [];
  const fields = freeTextOf(route.operation.input, input);
  return fields.length === 0 ? [] : inspection.find(fields);
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

function recordOfResult(
  { isRecorded = true, changes = [] }: Result<unknown>,
  completed: CompletedCall,
  call: Call,
  hooks: PipelineHooks,
): readonly BatchEntry[] {
  if (isRecorded) return recordOf(completed, call, hooks);
  assert(changes.length === 0, `${call.route.name} does not record its changes`);
  return [];
}

function recordOf(
  completed: CompletedCall,
  { route }: Call,
  hooks: PipelineHooks,
): readonly BatchEntry[] {
  const { isRecorded = true } = route.operation;
  const isWanted = isRecorded === 'failures' ? completed.error !== undefined : isRecorded;
  return isWanted ? hooks.record(completed) : [];
}

/** @throws {AwsError | RequestError} `access-denied` */
function authorised({ route, context }: Call, input: unknown, hooks: PipelineHooks): void {
  hooks.authorise(permissionsOf(route, input, context), context, route.service);
}

/** The permissions that a call needs. */
export function permissionsOf(
  { operation }: Pick<Route, 'operation'>,
  input: unknown,
  context: CallContext,
): Permissions | NoPermission {
  const { action, permissions = () => [{ action, resources: [] }] } = operation;
  return permissions instanceof NoPermission ? permissions : permissions(input, context);
}

/** Converts any thrown error to an AWS error. Unexpected errors become internal failures. */
function awsErrorFor(error: unknown, { service, wire }: Route): AwsError {
  if (error instanceof AwsError) return error;
  if (error instanceof RequestError) {
    const { invalidValueCode: code } = service;
    if (code === undefined || error.code !== 'invalid-value') return inWordsOf(wire, error);
    return new AwsError(code, error.message, { cause: error });
  }
  assert(error instanceof Error, 'the thrown value is not an Error');
  const translated = service.translate?.(error);
  if (translated) return translated;
  const text = 'An internal failure occurred. The log has details under the id of this request.';
  return inWordsOf(wire, new RequestError('internal', text, { cause: error }));
}

function completedCall(
  call: Call,
  input: unknown,
  result: Result<unknown> & { readonly warning: string | undefined },
  atMs: number,
  failure: AwsError | undefined,
  findings: readonly TextFinding[],
): CompletedCall {
  const { context, route, sharedEventId } = call;
  const { operation, service } = route;
  const { nowMs: _began, ...known } = context;
  const redaction = new Redaction(findings);
  const additional = {
    ...result.additionalEventData,
    ...auditedFindings(findings),
    ...(result.warning !== undefined && { callerWarning: result.warning }),
  };
  return {
    ...known,
    caller: result.caller ?? known.caller,
    atMs,
    eventSource: call.eventSource ?? service.eventSource,
    eventName: route.name,
    apiVersion: service.apiVersion,
    readOnly: operation.readOnly,
    ...(operation.isDataEvent === true && { isDataEvent: true }),
    requestParameters: redaction.of(requestParameters(call, input, result)),
    responseElements: failure ? null : redaction.of(responseElements(route, result)),
    ...(failure && {
      error: { code: failure.code, message: redaction.ofMessage(failure.message) },
    }),
    resources: result.resources ?? [],
    ...(Object.keys(additional).length > 0 && { additionalEventData: additional }),
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
