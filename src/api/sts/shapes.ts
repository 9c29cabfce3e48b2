import { string, structure } from '../../aws/shapes/shape.ts';

/* The shapes of the Security Token Service, API version 2011-06-15. */

/** GetCallerIdentity, request. */
export const getCallerIdentityRequest = structure({});

/** GetCallerIdentity, response. */
export const getCallerIdentityResponse = structure({
  UserId: string(),
  Account: string(),
  Arn: string(),
});
