import type { TouchedResource } from '../calls/completed-call.ts';
import { eventTime } from './event-time.ts';
import type { EventRecord } from './record.ts';

/** Log-ins that failed in the same way, as the trail needs to know them. */
export interface FailedLogin {
  readonly eventId: string;
  readonly region: string;
  /** The account whose trail this is, 12 digits. */
  readonly accountId: string;
  readonly atMs: number;
  /** `ApiLogin` or `BrokerLogin`. */
  readonly eventName: string;
  readonly requestId: string | undefined;
  /** The peer's address; undefined where there were several. */
  readonly sourceIp: string | undefined;
  readonly userAgent: string | undefined;
  /** Only where there is such an access key. */
  readonly accessKeyId: string | undefined;
  /** Only where there is such a user. */
  readonly userName: string | undefined;
  readonly errorCode: string;
  readonly errorMessage: string;
  readonly resources: readonly TouchedResource[];
  /** How many there were. */
  readonly count: number;
}

/** The data event of log-ins that failed. */
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
