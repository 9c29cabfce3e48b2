// Creates a KMS key, a user who may encrypt for all tenants, and for each tenant a user who may decrypt
// its messages only. Usage: node set-up.mjs TENANT…
// Prints the key and the access keys as JSON; keep them where each program finds its own.

import { IAM } from '@aws-sdk/client-iam';
import { KMS } from '@aws-sdk/client-kms';

const tenants = process.argv.slice(2);
if (tenants.length === 0) throw new Error('usage: node set-up.mjs TENANT…');
const [kms, iam] = [new KMS({}), new IAM({})];

/** Creates a user without a policy. What it may do with the key is in its grant. */
async function createUser(UserName) {
  const { User } = await iam.createUser({ UserName });
  const { AccessKey } = await iam.createAccessKey({ UserName });
  const environment = {
    AWS_ACCESS_KEY_ID: AccessKey.AccessKeyId,
    AWS_SECRET_ACCESS_KEY: AccessKey.SecretAccessKey,
  };
  return { arn: User.Arn, environment };
}

const { KeyMetadata } = await kms.createKey({ Description: 'messages of tenants' });
const KeyId = KeyMetadata.Arn;
await kms.enableKeyRotation({ KeyId });

const publisher = await createUser('orders-publisher');
await kms.createGrant({
  KeyId,
  GranteePrincipal: publisher.arn,
  Operations: ['GenerateDataKey'],
  Constraints: { EncryptionContextSubset: { purpose: 'orders' } },
});

const consumers = {};
for (const tenant of tenants) {
  const consumer = await createUser(`orders-consumer-${tenant}`);
  await kms.createGrant({
    KeyId,
    GranteePrincipal: consumer.arn,
    Operations: ['Decrypt'],
    Constraints: { EncryptionContextSubset: { tenant, purpose: 'orders' } },
  });
  consumers[tenant] = consumer.environment;
}
console.log(
  JSON.stringify({ keyArn: KeyId, publisher: publisher.environment, consumers }, null, 2),
);
