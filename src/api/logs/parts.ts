// The log groups as callers see them.

import { AwsError } from '../../aws/errors.ts';
import type { Permission, Permissions } from '../../aws/service.ts';
import type { Clock } from '../../base/clock.ts';
import type { CallContext } from '../../calls/call-context.ts';
import type { TouchedResource } from '../../calls/completed-call.ts';
import type { BrokerLogs } from '../../logs/broker-logs.ts';
import { type LogGroups, logGroupName } from '../../logs/log-groups.ts';
import type { LogCategory } from '../../logs/store/log-line.ts';
import type { StreamLines } from '../../logs/store/stream-lines.ts';

/** A broker whose logs are enabled. */
export interface LoggedBroker {
  readonly id: string;
  readonly createdMs: number;
  /** Its enabled logs. */
  readonly categories: readonly LogCategory[];
}

/** The parts that the operations need. */
export interface LogsParts {
  readonly logs: BrokerLogs;
  readonly groups: LogGroups;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** The brokers with enabled logs. */
  readonly brokers: () => Iterable<LoggedBroker>;
}

/** A log group. */
export interface LogGroup {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly createdMs: number;
  /** Sorted by name. */
  readonly streams: readonly StreamLines[];
}

/** How a request names a log group. */
export interface GroupRequest {
  readonly logGroupName?: string | undefined;
  readonly logGroupIdentifier?: string | undefined;
}

/**
 * All log groups, by name: those of enabled logs, those that have streams, and those that callers have
 * created.
 */
export function allGroups({
  logs,
  brokers,
  groups: settings,
}: LogsParts): ReadonlyMap<string, LogGroup> {
  const streams = new Map<string, StreamLines[]>();
  for (const lines of logs.streams) {
    const name = logGroupName(lines);
    streams.set(name, [...(streams.get(name) ?? []), lines]);
  }
  const groups = new Map<string, LogGroup>();
  const add = (name: string, createdMs: number) => {
    const own = streams.get(name) ?? [];
    own.sort((a, b) => compare(a.stream, b.stream));
    groups.set(name, { name, createdMs, streams: own });
  };
  for (const { id, createdMs, categories } of brokers()) {
    for (const category of categories) add(logGroupName({ brokerId: id, category }), createdMs);
  }
  for (const { name, createdMs } of settings.created()) if (!groups.has(name)) add(name, createdMs);
  for (const lines of logs.streams) {
    const isShown = lines.count > 0 && (lines.newestMs ?? 0) >= logs.keptFromMs(lines);
    const name = logGroupName(lines);
    if (isShown && !groups.has(name)) add(name, lines.createdMs);
  }
  return groups;
}

/** Compares strings by code unit. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/**
 * Returns the log group of a request.
 *
 * @throws {AwsError} ResourceNotFoundException, InvalidParameterException
 */
export function requireGroup(
  parts: LogsParts,
  request: GroupRequest,
  context: CallContext,
): LogGroup {
  const { logGroupName: name, logGroupIdentifier: identifier } = request;
  if (name !== undefined && identifier !== undefined) {
    throw invalidParameter(
      'LogGroup name and LogGroup ARN are mutually exclusive parameters, please provide only one.',
    );
  }
  if (name === undefined && identifier === undefined) {
    throw invalidParameter('Either logGroupName or logGroupIdentifier is required.');
  }
  const group = allGroups(parts).get(nameOf(request, context));
  if (group === undefined) throw unknownGroup();
  return group;
}

/** The error for a log group that does not exist. */
export function unknownGroup(): AwsError {
  return new AwsError('ResourceNotFoundException', 'The specified log group does not exist.');
}

/** The error for a parameter that is not allowed. */
export function invalidParameter(text: string): AwsError {
  return new AwsError('InvalidParameterException', text);
}

/** The name of the log group in a request; empty if it names none. */
function nameOf(
  { logGroupName: name, logGroupIdentifier: identifier = '' }: GroupRequest,
  context: CallContext,
): string {
  return name ?? nameInArn(identifier, context) ?? identifier;
}

/**
 * The name in the ARN of a log group, with or without `:*` at its end; undefined for other texts, and
 * for ARNs of another partition, region or account. Those name no group of this service: policies
 * compare the ARN, so that a statement about a group would not apply to the same group by another ARN.
 */
export function nameInArn(arn: string, context: CallContext): string | undefined {
  const prefix = groupArn('', context);
  if (!arn.startsWith(prefix)) return undefined;
  return /^([^:]+)(?::\*)?$/.exec(arn.slice(prefix.length))?.[1];
}

/** The ARN of a log group. */
export function groupArn(name: string, { region, accountId }: CallContext): string {
  return `arn:aws:logs:${region}:${accountId}:log-group:${name}`;
}

/** Returns the permission that a request needs: an action on its log group. */
export function onGroup<Input extends GroupRequest>(action: string, { groups }: LogsParts) {
  return (request: Input, context: CallContext): Permissions => {
    const name = nameOf(request, context);
    const values = resourceTags(groups, name);
    return [{ action, resources: [`${groupArn(name, context)}:log-stream:`], values }];
  };
}

/** The permission for an action on a log stream. */
export function onStream<Input extends GroupRequest & { readonly logStreamName: string }>(
  action: string,
  { groups }: LogsParts,
) {
  return (request: Input, context: CallContext): Permissions => {
    const name = nameOf(request, context);
    const arn = `${groupArn(name, context)}:log-stream:${request.logStreamName}`;
    return [{ action, resources: [arn], values: resourceTags(groups, name) }];
  };
}

/** The permission for an action on the log group with an ARN. */
export function onResource<Input extends { readonly resourceArn: string }>(
  action: string,
  { groups }: LogsParts,
  requestValues: (input: Input) => Permission['values'] = () => ({}),
) {
  return (input: Input, context: CallContext): Permissions => {
    const { resourceArn } = input;
    const values = {
      ...resourceTags(groups, nameInArn(resourceArn, context) ?? ''),
      ...requestValues(input),
    };
    return [{ action, resources: [resourceArn], values }];
  };
}

function resourceTags(groups: LogGroups, name: string): NonNullable<Permission['values']> {
  const entries = Object.entries(groups.settings(name).tags ?? {});
  return Object.fromEntries(entries.map(([key, value]) => [`aws:ResourceTag/${key}`, value]));
}

/** The log group as a resource in the audit trail. */
export function touched({ name }: LogGroup, context: CallContext): TouchedResource[] {
  const { accountId } = context;
  return [{ arn: groupArn(name, context), type: 'AWS::Logs::LogGroup', accountId }];
}

/** Returns the log group that a failed call names, for its record: nothing if there is no such group. */
export function failedOnGroup(parts: LogsParts) {
  return (request: GroupRequest, context: CallContext): TouchedResource[] => {
    const group = allGroups(parts).get(nameOf(request, context));
    return group === undefined ? [] : touched(group, context);
  };
}

/**
 * Returns a page of a list. The token is the key of the last item of the previous page.
 *
 * @param isSorted whether the list is sorted by its keys; a page then begins after the token even if
 *   its item is gone
 */
export function pageOf<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  isSorted: boolean,
  limit: number,
  token: string | undefined,
): { readonly page: readonly T[]; readonly nextToken: string | undefined } {
  const after = token === undefined ? undefined : readToken(token);
  const isNext = (item: T) => after === undefined || keyOf(item) > after;
  const found = items.findIndex((item) => keyOf(item) === after);
  if (after !== undefined && found < 0 && !isSorted) throw invalidToken();
  const rest = isSorted ? items.filter(isNext) : items.slice(found + 1);
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  const isLast = last === undefined || rest.length <= limit;
  return { page, nextToken: isLast ? undefined : writeToken(keyOf(last)) };
}

/** What precedes the key in a token, by which other texts are told from tokens. */
const tokenMark = 'after:';

function writeToken(key: string): string {
  return Buffer.from(`${tokenMark}${key}`).toString('base64url');
}

function readToken(token: string): string {
  const text = Buffer.from(token, 'base64url').toString('utf8');
  if (!text.startsWith(tokenMark)) throw invalidToken();
  return text.slice(tokenMark.length);
}

function invalidToken(): AwsError {
  return invalidParameter('The specified nextToken is invalid.');
}
