// The service-linked role of Amazon MQ, which the first broker creates.

import { AwsError, RequestError } from '../../aws/errors.ts';
import type { LocalClient } from '../../aws/local-client.ts';
import type { Requester } from '../../control/keys/key-finder.ts';
import type { Iam } from '../../identity/accounts/iam.ts';

const service = 'mq.amazonaws.com';
const roleName = 'AWSServiceRoleForAmazonMQ';

/**
 * Returns a function that creates the role of Amazon MQ if it does not exist, with the permissions
 * of the requester. The trail records the call.
 *
 * @throws {RequestError} `access-denied`
 */
export function serviceRoleCreation({ journal }: Pick<Iam, 'journal'>, client: LocalClient) {
  const exists = () => journal.roles.named(roleName) !== undefined;
  return async ({ caller, sourceIp, userAgent }: Requester): Promise<void> => {
    if (exists()) return;
    const as = { service, onBehalfOf: caller, origin: { sourceIp, userAgent } };
    try {
      await client.call('iam', 'CreateServiceLinkedRole', { AWSServiceName: service }, as);
    } catch (error) {
      // Another request for a broker may have created it in the meantime.
      if (exists()) return;
      if (!(error instanceof AwsError) || error.code !== 'AccessDenied') throw error;
      throw new RequestError('access-denied', error.message, { cause: error });
    }
  };
}
