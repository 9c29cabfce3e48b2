// The audit event of failed log-ins.

import type { TouchedResource } from '../calls/completed-call.ts';
import { eventTime } from './event-time.ts';
import type { EventRecord } from './record.ts';

/** One or more failed log-ins of the same kind. */
export interface FailedLogin {
  readonly eventId: string;
  readonly region: string;
  /** The account that owns the trail, 12 digits. */
  readonly accountId: string;
  readonly atMs: number;
  /** `ApiLogin` or `BrokerLogin`. */
  readonly eventName: string;
  readonly requestId: string | undefined;
  /** The address of the peer; undefined if there were several. */
  readonly sourceIp: string | undefined;
  readonly userAgent: string | undefined;
  /** Set only if the access key exists. */
  readonly accessKeyId: string | undefined;
  /** Set only if the user exists. */
  readonly userName: string | undefined;
  readonly errorCode: string;
  readonly errorMessage: string;
  readonly resources: readonly TouchedResource[];
  /** The number of failed log-ins. */
  readonly count: number;
}

/** The data event of failed log-ins. */
export function failedLoginRecord(login: FailedLogin): EventRecord {
  const { accessKeyId, userName } = login;
  return {
    eventVersion: '1.11',
    userIdentity: {
      type: 'Unknown',
      accountId: login.accountId,
      ...(accessKeyId !== undefined && { accessKeyId }),
      ...(userName !== undefined && { userName }),
    },
    eventTime: eventTime(login.atMs),
    eventSource: 'waxwing.local',
    eventName: login.eventName,
    awsRegion: login.region,
    sourceIPAddress: login.sourceIp ?? 'several addresses',
    ...(login.userAgent && { userAgent: login.userAgent }),
    errorCode: login.errorCode,
    errorMessage: login.errorMessage,
    requestParameters: null,
    responseElements: null,
    additionalEventData: { count: login.count },
    ...(login.requestId !== undefined && { requestID: login.requestId }),
    eventID: login.eventId,
    readOnly: true,
    ...(login.resources.length > 0 && {
      resources: login.resources.map(({ accountId, type, arn }) => ({ accountId, type, ARN: arn })),
    }),
    eventType: 'AwsServiceEvent',
    managementEvent: false,
    recipientAccountId: login.accountId,
    eventCategory: 'Data',
  };
}
