// The parts that the operations of CloudTrail need.

import type { EventHistory } from '../../audit/history.ts';
import type { Delivery } from '../../audit/trails/delivery.ts';
import type { OutsideBuckets } from '../../audit/trails/outside-buckets.ts';
import type { TrailCommands } from '../../audit/trails/trail-commands.ts';
import type { TrailRecord } from '../../audit/trails/trail-record.ts';
import {
  type Trails,
  type TrailsChange,
  type TrailsPlace,
  trailArn,
} from '../../audit/trails/trails.ts';
import { AwsError } from '../../aws/errors.ts';
import type { Change, Permission } from '../../aws/service.ts';
import type { Caller } from '../../calls/caller.ts';
import type { TouchedResource } from '../../calls/completed-call.ts';

/** The parts that the operations need. */
export interface CloudTrailParts {
  readonly history: EventHistory;
  readonly trails: Trails;
  readonly commands: TrailCommands;
  readonly delivery: Delivery;
  readonly place: TrailsPlace;
  /** Buckets to which files are copied; undefined if there are none. */
  readonly outside: OutsideBuckets | undefined;
  /**
   * Finds the KMS key for a trail and checks that CloudTrail may use it.
   *
   * @param keyId its id, ARN, alias, or the ARN of an alias
   * @returns its ARN
   * @throws {AwsError}
   */
  readonly keyFor: (keyId: string, trailName: string, caller: Caller) => Promise<string>;
  /** Whether LookupEvents also returns the failed log-ins that the service records. */
  readonly showsFailedLogins: boolean;
  /** Maximum number of LookupEvents calls per second; 0 for no maximum. */
  readonly lookupsPerSecondMax: number;
}

/** The changes of trails, in the form of the pipeline. */
export function asChanges(trails: Trails, changes: readonly TrailsChange[]): Change[] {
  return changes.map((change) => ({ journal: trails.name, change }));
}

/** The permission for an action on a trail. Conditions can name its tags. */
export function onTrail(
  { commands, place }: CloudTrailParts,
  action: string,
  nameOrArn: string | undefined,
  requestTags?: Readonly<Record<string, string | undefined>>,
): Permission {
  const trail = nameOrArn === undefined ? undefined : commands.known(nameOrArn);
  const own = Object.entries(trail?.tags ?? {}).map(([key, value]): [string, string] => {
    return [`aws:ResourceTag/${key}`, value];
  });
  const keys = Object.keys(requestTags ?? {});
  const asked = keys.map((key): [string, string] => {
    return [`aws:RequestTag/${key}`, requestTags?.[key] ?? ''];
  });
  const values = {
    ...Object.fromEntries([...own, ...asked]),
    ...(requestTags !== undefined && { 'aws:TagKeys': keys }),
  };
  return { action, resources: [arnOf(place, nameOrArn)], values };
}

/** The ARN that a name or ARN means. */
function arnOf(place: TrailsPlace, nameOrArn = ''): string {
  return nameOrArn.startsWith('arn:') ? nameOrArn : trailArn(place, nameOrArn);
}

/** A trail as a resource of an audit event. */
export function touched(place: TrailsPlace, { name }: TrailRecord): TouchedResource {
  const arn = trailArn(place, name);
  return { arn, type: 'AWS::CloudTrail::Trail', accountId: place.accountId };
}

/** The resources of a failed call on a trail. */
export function touchedIfKnown(
  { commands, place }: CloudTrailParts,
  nameOrArn: string | undefined,
): TouchedResource[] {
  const trail = nameOrArn === undefined ? undefined : commands.known(nameOrArn);
  return trail === undefined ? [] : [touched(place, trail)];
}

/**
 * Refuses any token of a list that always has one page.
 *
 * @throws {AwsError} `InvalidTokenException`
 */
export function refuseToken(token: string | undefined): void {
  if (token === undefined) return;
  throw new AwsError('InvalidTokenException', 'The token is not valid: there is one page.');
}
