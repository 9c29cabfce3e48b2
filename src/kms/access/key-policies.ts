// Key policies: validation, and the default policies.

import { IdentityError } from '../../identity/errors.ts';
import { compilePolicy, compileStored } from '../../identity/policies/compile-policy.ts';
import type { CompiledPolicy, PolicySource } from '../../identity/policies/compiled-policy.ts';
import { type PrincipalNames, principalIdsOf } from '../../identity/policies/principal-ids.ts';
import { isAwsPrincipal } from '../../identity/policies/statements.ts';
import { isServicePrincipal } from '../call.ts';
import { KmsError } from '../errors.ts';
import type { KeyRecord } from '../records.ts';

const policyBytesMax = 32_768;

/**
 * Parses and validates a key policy.
 *
 * @throws {KmsError} 'MalformedPolicyDocumentException'; 'LimitExceededException' if it is larger
 *   than 32768 bytes
 */
function readKeyPolicy(text: string): CompiledPolicy {
  const size = Buffer.byteLength(text, 'utf8');
  if (size > policyBytesMax) {
    throw new KmsError(
      'LimitExceededException',
      `The key policy of ${size} bytes is larger than the allowed ${policyBytesMax}`,
    );
  }
  const policy = readPolicy(text);
  for (const { principals } of policy.statements) {
    const named = principals
      ? [...principals.aws]
          .map(isAwsPrincipal)
          .concat([...principals.services].map(isServicePrincipal))
      : [];
    if (named.includes(false)) {
      throw new KmsError(
        'MalformedPolicyDocumentException',
        'Policy contains a statement with one or more invalid principals.',
      );
    }
  }
  return policy;
}

/** The members of a key record for its policy. */
type StoredPolicy = Pick<KeyRecord, 'policy' | 'principalIds'>;

/**
 * Checks a new key policy, and finds the unique ids of the principals that it names.
 *
 * @throws {KmsError} see {@link readKeyPolicy}
 */
export function newKeyPolicy(text: string, names: PrincipalNames): StoredPolicy {
  const ids = principalIdsOf(readKeyPolicy(text), names);
  return { policy: text, ...(ids && { principalIds: ids }) };
}

/**
 * Prepares the policy of an existing key. A policy that is no longer valid, which only an earlier
 * release can have accepted, denies everything.
 */
export function storedKeyPolicy(text: string): CompiledPolicy {
  return compileStored(text, 'resource', keyPolicySource);
}

/** How the answers of simulations name key policies. */
const keyPolicySource: PolicySource = { id: 'default', type: 'resource' };

/** The default policy of a key. It delegates to the account's identity policies. */
export function defaultPolicy(accountId: string): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Id: 'key-default-1',
    Statement: [
      {
        Sid: 'Enable IAM User Permissions',
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${accountId}:root` },
        Action: 'kms:*',
        Resource: '*',
      },
    ],
  });
}

/**
 * The policy of an AWS managed key, which AWS manages for a service in a customer's account.
 * Everyone in the account may use it, but only through the service. The account may describe it and
 * revoke grants. The service may describe it.
 *
 * @param service the service name: `mq`
 */
export function managedPolicy(service: string, region: string, accountId: string): string {
  const use = [
    'Encrypt',
    'Decrypt',
    'ReEncrypt*',
    'GenerateDataKey*',
    'CreateGrant',
    'DescribeKey',
  ];
  return JSON.stringify({
    Version: '2012-10-17',
    Id: `auto-${service}-1`,
    Statement: [
      {
        Sid: `Allow access through ${service} for all principals in the account that are authorized to use it`,
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: use.map((name) => `kms:${name}`),
        Resource: '*',
        Condition: {
          StringEquals: {
            'kms:CallerAccount': accountId,
            'kms:ViaService': `${service}.${region}.amazonaws.com`,
          },
        },
      },
      {
        Sid: 'Allow direct access to key metadata to the account',
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${accountId}:root` },
        Action: ['kms:Describe*', 'kms:Get*', 'kms:List*', 'kms:RevokeGrant'],
        Resource: '*',
      },
      {
        Sid: `Allow ${service} to describe the key directly`,
        Effect: 'Allow',
        Principal: { Service: `${service}.amazonaws.com` },
        Action: ['kms:Describe*', 'kms:Get*', 'kms:List*'],
        Resource: '*',
      },
    ],
  });
}

/** The policy of a service-owned key. Only that service may use it. */
export function servicePolicy(service: string): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Id: 'service-owned-1',
    Statement: [
      { Effect: 'Allow', Principal: { Service: service }, Action: 'kms:*', Resource: '*' },
    ],
  });
}

function readPolicy(text: string): CompiledPolicy {
  try {
    return compilePolicy(text, 'resource', keyPolicySource);
  } catch (error) {
    if (!(error instanceof IdentityError)) throw error;
    throw new KmsError('MalformedPolicyDocumentException', error.message, { cause: error });
  }
}
