// The broker that the first start creates.

import type { LocalClient } from '../aws/local-client.ts';
import type { Secret } from '../base/secret.ts';
import type { SystemState } from './compose.ts';

/** The principal of calls that the service makes for itself. */
export const ownPrincipal = 'waxwing.local';

const userName = 'waxwing';

/**
 * Creates the default broker, unless it exists or was never requested. If an earlier start was interrupted
 * after the request, this start creates the broker. The control plane then starts its process.
 *
 * @param password the password of its user; undefined if the first start was earlier
 * @returns whether the broker was created
 */
export async function makeDefaultBroker(
  client: Pick<LocalClient, 'call'>,
  { installation, store, identity }: Pick<SystemState, 'installation' | 'store' | 'identity'>,
  password: Secret<string> | undefined,
): Promise<boolean> {
  if (password !== undefined) {
    await store.commit(installation.requestDefaultBroker(userName, password));
  }
  const wanted = installation.defaultBroker;
  if (wanted === undefined || wanted.brokerId !== undefined) return false;
  const input = {
    brokerName: 'default',
    creatorRequestId: 'waxwing-default-broker',
    deploymentMode: 'SINGLE_INSTANCE',
    engineType: 'RABBITMQ',
    // Its queues are classic by default: Celery and priorities need what quorum queues refuse.
    engineVersion: '3.13',
    hostInstanceType: 'mq.m7g.medium',
    publiclyAccessible: false,
    users: [{ username: wanted.username, password: wanted.password.reveal() }],
  };
  const caller = identity.findAccessKey(identity.rootAccessKeyId ?? '')?.caller;
  const { brokerId } = await client.call<{ brokerId: string }>('mq', 'CreateBroker', input, {
    service: ownPrincipal,
    ...(caller && { onBehalfOf: caller }),
  });
  await store.commit(installation.recordDefaultBroker(brokerId));
  return true;
}
