// The shapes of the Security Token Service. @see STS API 2011-06-15

import {
  integer,
  list,
  required,
  sensitive,
  string,
  structure,
  timestamp,
} from '../../aws/shapes/shape.ts';

/** The request of GetCallerIdentity. */
export const getCallerIdentityRequest = structure({});

/** The response of GetCallerIdentity. */
export const getCallerIdentityResponse = structure({
  UserId: string(),
  Account: string(),
  Arn: string(),
});

const name = /^[\w+=,.@-]*$/;

/** An ARN. */
export const arn = string({ min: 20, max: 2048 });
/** The id of an access key. */
export const accessKeyId = string({ min: 16, max: 128, pattern: /^\w*$/ });
/** The serial number of an MFA device. */
export const serialNumber = string({ min: 9, max: 256, pattern: /^[\w+=/:,.@-]*$/ });
/** A code of an MFA device. */
export const tokenCode = sensitive(string({ min: 6, max: 6, pattern: /^\d*$/ }));
/** The name of a session of a role. */
export const roleSessionName = string({ min: 2, max: 64, pattern: name });
/** The name of a federated user. */
export const federatedName = string({ min: 2, max: 32, pattern: name });
/** The name of the person or program behind a session. */
export const sourceIdentity = string({ min: 2, max: 64, pattern: name });
/** The secret that a role's owner and a third party have agreed on. */
export const externalId = string({ min: 2, max: 1224, pattern: /^[\w+=,.@:/-]*$/ });
/** The duration of sessions of users. */
export const durationSeconds = integer({ min: 900, max: 129_600 });
/** The duration of sessions of roles. */
export const roleDurationSeconds = integer({ min: 900, max: 43_200 });
/** The JSON text of a session policy. */
export const sessionPolicy = string({
  min: 1,
  max: 2048,
  // biome-ignore lint/suspicious/noControlCharactersInRegex: tab and line ends belong to JSON texts.
  pattern: /^[\u0009\u000A\u000D\u0020-\u00FF]+$/,
});
/** Managed policies that limit a session. */
export const policyArns = list(structure({ arn: arn }), { max: 10 });

const tagKey = string({ min: 1, max: 128, pattern: /^[\p{L}\p{Z}\p{N}_.:/=+\-@]+$/u });
const tagValue = string({ min: 0, max: 256, pattern: /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u });
/** Tags of a session. */
export const tags = list(structure({ Key: required(tagKey), Value: required(tagValue) }), {
  max: 50,
});
/** Keys of tags that follow into sessions of other roles. */
export const transitiveTagKeys = list(tagKey, { max: 50 });

/** Temporary credentials. */
export const credentials = structure({
  AccessKeyId: required(accessKeyId),
  SecretAccessKey: required(sensitive(string())),
  SessionToken: required(sensitive(string())),
  Expiration: required(timestamp()),
});

/** Percent of the room that session policies and tags take. */
export const packedPolicySize = integer({ min: 0 });
/** The minimum length of the session token. */
export const minimumSessionTokenSize = integer({ min: 0, max: 4096 });
/** The members that tell the size of the session token. */
export const tokenSize = {
  SessionTokenUtilization: integer({ min: 0, max: 100 }),
  SessionTokenSize: integer({ min: 0 }),
} as const;
