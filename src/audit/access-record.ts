// The audit event of log-ins, and of actions that broker users were not permitted to do.

import type { TouchedResource } from '../calls/completed-call.ts';
import { eventTime } from './event-time.ts';
import type { EventRecord } from './record.ts';

/** One or more log-ins, or refused actions, of the same kind. */
export interface AccessAttempt {
  readonly eventId: string;
  readonly region: string;
  /** The account that owns the trail, 12 digits. */
  readonly accountId: string;
  readonly atMs: number;
  /** `ApiLogin`, `BrokerLogin` or `BrokerAccess`. */
  readonly eventName: string;
  readonly requestId: string | undefined;
  /** The address of the peer; undefined if there were several. */
  readonly sourceIp: string | undefined;
  readonly userAgent: string | undefined;
  /** Set only if the access key exists. */
  readonly accessKeyId: string | undefined;
  /** Set only if the user exists. */
  readonly userName: string | undefined;
  /** Undefined for log-ins that succeeded. */
  readonly errorCode: string | undefined;
  readonly errorMessage: string | undefined;
  /** The protocol of the client; undefined if there were several, or for calls of the API. */
  readonly protocol: string | undefined;
  readonly resources: readonly TouchedResource[];
  /** The number of log-ins or actions. */
  readonly count: number;
}

/** Creates the data event of log-ins or refused actions. */
export function accessRecord(attempt: AccessAttempt): EventRecord {
  const { accessKeyId, userName, errorCode, errorMessage, protocol, count } = attempt;
  return {
    eventVersion: '1.11',
    userIdentity: {
      type: 'Unknown',
      accountId: attempt.accountId,
      ...(accessKeyId !== undefined && { accessKeyId }),
      ...(userName !== undefined && { userName }),
    },
    eventTime: eventTime(attempt.atMs),
    eventSource: 'waxwing.local',
    eventName: attempt.eventName,
    awsRegion: attempt.region,
    sourceIPAddress: attempt.sourceIp ?? 'several addresses',
    ...(attempt.userAgent && { userAgent: attempt.userAgent }),
    ...(errorCode !== undefined && { errorCode }),
    ...(errorMessage !== undefined && { errorMessage }),
    requestParameters: null,
    responseElements: null,
    additionalEventData: { count, ...(protocol !== undefined && { protocol }) },
    ...(attempt.requestId !== undefined && { requestID: attempt.requestId }),
    eventID: attempt.eventId,
    readOnly: true,
    ...(attempt.resources.length > 0 && {
      resources: attempt.resources.map(({ accountId, type, arn }) => ({
        accountId,
        type,
        ARN: arn,
      })),
    }),
    eventType: 'AwsServiceEvent',
    managementEvent: false,
    recipientAccountId: attempt.accountId,
    eventCategory: 'Data',
  };
}
