// Requests to the Amazon MQ API.

import { CreateKeyCommand, type CreateKeyCommandInput } from '@aws-sdk/client-kms';
import {
  CreateBrokerCommand,
  type CreateBrokerCommandInput,
  DescribeBrokerCommand,
  type DescribeBrokerCommandOutput,
} from '@aws-sdk/client-mq';
import { asChange } from '../../src/identity/accounts/result.ts';
import type { ControlPlane } from './control-plane.ts';

/** The password of every broker's first user in tests. */
export const password = 'correct-horse-battery';

let count = 0;

/** Returns a valid request for a new broker, with changes. */
export function brokerRequest(changes: Partial<CreateBrokerCommandInput> = {}) {
  count += 1;
  return new CreateBrokerCommand({
    BrokerName: `orders-${count}`,
    EngineType: 'RABBITMQ',
    DeploymentMode: 'SINGLE_INSTANCE',
    HostInstanceType: 'mq.m7g.medium',
    PubliclyAccessible: false,
    Users: [{ Username: 'admin', Password: password }],
    ...changes,
  });
}

/** Creates the role of Amazon MQ without an event, which the first broker would add to the trail. */
export async function createServiceRole(plane: ControlPlane): Promise<void> {
  const { iamDomain, machine, store } = plane;
  const call = { nowMs: machine.clock.nowMs() };
  const { changes } = iamDomain.roles.createLinked('mq.amazonaws.com', undefined, call);
  await store.commit(changes.map(asChange));
}

/** Creates a broker and waits until there is nothing left to do for it; its id. */
export async function createBroker(
  plane: ControlPlane,
  changes: Partial<CreateBrokerCommandInput> = {},
): Promise<string> {
  const { BrokerId = '' } = await plane.mq.send(brokerRequest(changes));
  await plane.settled();
  return BrokerId;
}

/** Creates a key of the customer's own; its ARN. */
export async function createKey(
  plane: Pick<ControlPlane, 'kms'>,
  changes: CreateKeyCommandInput = {},
): Promise<string> {
  const { KeyMetadata } = await plane.kms.send(new CreateKeyCommand(changes));
  return KeyMetadata?.Arn ?? '';
}

/** The parameter of CreateBroker for a customer managed key. */
export function underKey(KmsKeyId: string): Partial<CreateBrokerCommandInput> {
  return { EncryptionOptions: { UseAwsOwnedKey: false, KmsKeyId } };
}

/** Describes a broker. */
export function describeBroker(
  plane: Pick<ControlPlane, 'mq'>,
  BrokerId: string,
): Promise<DescribeBrokerCommandOutput> {
  return plane.mq.send(new DescribeBrokerCommand({ BrokerId }));
}
