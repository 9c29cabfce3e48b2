// The shapes of the STS operations.

import { string, structure } from '../../aws/shapes/shape.ts';

/* The shapes of the Security Token Service, API version 2011-06-15. */

/** The request of GetCallerIdentity. */
export const getCallerIdentityRequest = structure({});

/** The response of GetCallerIdentity. */
export const getCallerIdentityResponse = structure({
  UserId: string(),
  Account: string(),
  Arn: string(),
});
