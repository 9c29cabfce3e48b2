// Audit events in the format of CloudTrail.

import type { CompletedCall, TouchedResource } from '../calls/completed-call.ts';
import { eventTime } from './event-time.ts';
import { type UserIdentity, userIdentity } from './identity.ts';
import { truncateToFit } from './truncate-event.ts';

/** An audit event, with the members and their order as in CloudTrail. */
export interface EventRecord {
  readonly eventVersion: '1.11';
  readonly userIdentity: UserIdentity;
  /** `YYYY-MM-DDTHH:MM:SSZ` */
  readonly eventTime: string;
  readonly eventSource: string;
  readonly eventName: string;
  readonly awsRegion: string;
  readonly sourceIPAddress: string;
  readonly userAgent?: string;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly requestParameters: object | null;
  readonly responseElements: object | null;
  readonly additionalEventData?: object;
  readonly requestID?: string;
  readonly eventID: string;
  readonly readOnly: boolean;
  readonly resources?: readonly { accountId: string; type: string; ARN: string }[];
  readonly eventType: 'AwsApiCall' | 'AwsServiceEvent' | 'AwsConsoleSignIn';
  readonly apiVersion?: string;
  /** False for data events, which report the use of a resource and not its management. */
  readonly managementEvent: boolean;
  readonly recipientAccountId: string;
  readonly serviceEventDetails?: object;
  readonly sharedEventID?: string;
  readonly eventCategory: 'Management' | 'Data';
  /** Set only if the credentials came from a sign-in to the console. */
  readonly sessionCredentialFromConsole?: 'true';
  readonly tlsDetails?: {
    readonly tlsVersion: string;
    readonly cipherSuite: string;
    readonly clientProvidedHostHeader: string;
  };
}

/** Maximum length of a string field, UTF-8 bytes. */
const textBytesMax = 1024;
/**
 * Maximum size of the variable fields, bytes of JSON. All other fields are bounded too, so an event
 * has fewer than {@link eventBytesMax} bytes.
 */
const valueBytesMax = { parameters: 100 * 1024, additional: 28 * 1024 };

/** Maximum size of an event, bytes of JSON. This is the limit of CloudTrail. */
export const eventBytesMax = 256 * 1024;

/** IAM has no regions: its events are in this one, as in AWS. */
const globalRegion = 'us-east-1';

/**
 * Creates the event of a completed call.
 *
 * @param accountAlias the alias of the account, which events of the root user show as its name
 */
export function eventRecord(call: CompletedCall, accountAlias?: string): EventRecord {
  const { caller, error } = call;
  const isService = caller.type === 'service';
  // Events of STS tell to whom credentials were issued, although the calls change nothing.
  const isShown = !call.readOnly || call.eventSource === 'sts.amazonaws.com';
  const answered = isShown && error === undefined;
  return {
    eventVersion: '1.11',
    userIdentity: userIdentity(caller, call.invokedBy, accountAlias),
    eventTime: eventTime(call.atMs),
    eventSource: call.eventSource,
    eventName: call.eventName,
    awsRegion: call.eventSource === 'iam.amazonaws.com' ? globalRegion : call.region,
    sourceIPAddress: isService ? caller.principalId : call.sourceIp,
    userAgent: isService ? caller.principalId : shortened(call.userAgent),
    ...(error && { errorCode: error.code, errorMessage: shortened(error.message) }),
    requestParameters: bounded(call.requestParameters, valueBytesMax.parameters),
    responseElements: answered ? bounded(call.responseElements, valueBytesMax.parameters) : null,
    ...(call.additionalEventData && {
      additionalEventData: truncateToFit(call.additionalEventData, valueBytesMax.additional),
    }),
    requestID: call.requestId,
    eventID: call.eventId,
    readOnly: call.readOnly,
    ...(call.resources.length > 0 && {
      resources: call.resources.map(({ accountId, type, arn }) => ({ accountId, type, ARN: arn })),
    }),
    eventType: 'AwsApiCall',
    ...(call.apiVersion !== undefined && { apiVersion: call.apiVersion }),
    managementEvent: call.isDataEvent !== true,
    recipientAccountId: call.accountId,
    ...(call.sharedEventId !== undefined && { sharedEventID: call.sharedEventId }),
    eventCategory: call.isDataEvent === true ? 'Data' : 'Management',
    ...(caller.temporary?.isFromConsole === true && {
      sessionCredentialFromConsole: 'true' as const,
    }),
    ...(call.tls && {
      tlsDetails: {
        tlsVersion: call.tls.version,
        cipherSuite: call.tls.cipher,
        clientProvidedHostHeader: shortened(call.tls.host),
      },
    }),
  };
}

/** An action that a service performed on its own, such as a due key deletion or rotation. */
export interface ServiceEvent {
  readonly eventId: string;
  readonly region: string;
  readonly accountId: string;
  readonly atMs: number;
  readonly eventSource: string;
  /** `DeleteKey`, `RotateKey`, … */
  readonly eventName: string;
  readonly resources: readonly TouchedResource[];
  readonly details: object;
}

/** Creates the event of an action that nobody called. */
export function serviceEventRecord(event: ServiceEvent): EventRecord {
  return {
    eventVersion: '1.11',
    userIdentity: { accountId: event.accountId, invokedBy: 'AWS Internal' },
    eventTime: eventTime(event.atMs),
    eventSource: event.eventSource,
    eventName: event.eventName,
    awsRegion: event.region,
    sourceIPAddress: 'AWS Internal',
    userAgent: 'AWS Internal',
    requestParameters: null,
    responseElements: null,
    eventID: event.eventId,
    readOnly: false,
    ...(event.resources.length > 0 && {
      resources: event.resources.map(({ accountId, type, arn }) => ({ accountId, type, ARN: arn })),
    }),
    eventType: 'AwsServiceEvent',
    managementEvent: true,
    recipientAccountId: event.accountId,
    serviceEventDetails: event.details,
    eventCategory: 'Management',
  };
}

function bounded(value: object | null, bytesMax: number): object | null {
  if (value === null || Object.keys(value).length === 0) return null;
  return truncateToFit(value, bytesMax);
}

/** Shortens a string to the maximum of UTF-8 bytes without splitting a character. */
function shortened(text: string): string {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= textBytesMax) return text;
  let end = textBytesMax;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}
