// The audit events of sign-ins.

import { type EventRecord, eventRecord } from '../../audit/record.ts';
import type { Random } from '../../base/random.ts';
import type { Caller } from '../../calls/caller.ts';
import type { RequestHead } from '../../net/http/message.ts';

/** The place of a sign-in. */
export interface SignInPlace {
  readonly region: string;
  readonly accountId: string;
  /** The URL of the page. */
  readonly url: string;
  readonly random: Random;
}

/** An attempt to sign in. */
export interface SignInAttempt {
  readonly head: RequestHead;
  readonly atMs: number;
  /** The person; undefined if nobody was authenticated. */
  readonly caller: Caller | undefined;
  /** The user name that exists; undefined if it does not, or is not known. */
  readonly userName: string | undefined;
  readonly mfaUsed: boolean;
  readonly isOutside: boolean;
  /** Why the attempt failed; undefined if it succeeded. */
  readonly problem: string | undefined;
}

/** What CloudTrail shows in place of a user name that may be a password. */
const hiddenName = 'HIDDEN_DUE_TO_SECURITY_REASONS';

/** The event of an attempt: `ConsoleLogin` with a password, `UserAuthentication` with a provider. */
export function signInEvent(attempt: SignInAttempt, place: SignInPlace): EventRecord {
  const { head, atMs, caller, userName, mfaUsed, isOutside, problem } = attempt;
  const { region, accountId, random } = place;
  const outcome = problem === undefined ? 'Success' : 'Failure';
  const anonymous: Caller = { type: 'anonymous', accountId: '', arn: '*', principalId: '' };
  const host = head.headers.get('host') ?? '';
  const record = eventRecord({
    caller: caller ?? anonymous,
    invokedBy: undefined,
    requestId: random.uuid(),
    eventId: random.uuid(),
    region,
    accountId,
    sourceIp: head.peerAddress,
    userAgent: head.headers.get('user-agent') ?? '',
    ...(head.tls && { tls: { ...head.tls, host } }),
    atMs,
    eventSource: 'signin.amazonaws.com',
    eventName: isOutside ? 'UserAuthentication' : 'ConsoleLogin',
    apiVersion: undefined,
    readOnly: false,
    requestParameters: null,
    responseElements: null,
    resources: [],
    additionalEventData: isOutside
      ? { LoginTo: place.url, CredentialType: 'EXTERNAL_IDP' }
      : { LoginTo: place.url, MobileVersion: 'No', MFAUsed: mfaUsed ? 'Yes' : 'No' },
  });
  const unknown = { type: 'IAMUser', accountId, accessKeyId: '', userName: userName ?? hiddenName };
  const identity = isOutside ? { type: 'Unknown', accountId } : unknown;
  return {
    ...record,
    ...(caller === undefined && { userIdentity: identity as EventRecord['userIdentity'] }),
    ...(problem !== undefined && { errorMessage: problem }),
    responseElements: { [isOutside ? 'UserAuthentication' : 'ConsoleLogin']: outcome },
    eventType: isOutside ? 'AwsServiceEvent' : 'AwsConsoleSignIn',
  };
}
