// The values of condition keys for key policies.

import type { RequestValues, Variants } from '../../identity/conditions.ts';
import { isServiceCall, type KmsCall } from '../call.ts';
import { serviceAccountId } from '../key-ids.ts';
import type { EncryptionContext, KeyRecord } from '../records.ts';

/** Additional condition keys of an operation. Undefined values are missing keys. */
export type OperationValues = Readonly<Record<string, string | readonly string[] | undefined>>;

const principalTypes = {
  root: 'Account',
  user: 'User',
  'assumed-role': 'AssumedRole',
  'federated-user': 'FederatedUser',
  service: undefined,
  anonymous: 'Anonymous',
} as const;

/**
 * Collects the condition keys that key policies can use.
 *
 * @param context the call's encryption context; for CreateGrant, the pairs of its constraint
 */
export function requestValues(
  call: KmsCall,
  key: KeyRecord,
  context: EncryptionContext,
  further: OperationValues,
): RequestValues {
  const values = new Map<string, string | readonly string[] | Variants>();
  const all = { ...callValues(call), ...keyValues(key), ...contextValues(context), ...further };
  for (const [name, value] of Object.entries(all)) {
    if (value === undefined) continue;
    const folded = name.toLowerCase();
    const before = values.get(folded);
    values.set(folded, before === undefined ? value : { variants: both(before, value) });
  }
  return values;
}

/** Merges the values under names that differ only in case. */
function both(
  before: string | readonly string[] | Variants,
  value: string | readonly string[],
): readonly string[] {
  const known = typeof before === 'object' && 'variants' in before ? before.variants : before;
  return [known, value].flat();
}

function callValues(call: KmsCall): OperationValues {
  const { caller, invokedBy } = call;
  const isService = isServiceCall(call);
  return {
    // All listeners use TLS, and local calls do not leave the process.
    'aws:SecureTransport': 'true',
    'aws:CurrentTime': new Date(call.nowMs).toISOString(),
    'aws:EpochTime': String(Math.floor(call.nowMs / 1000)),
    'aws:UserAgent': call.userAgent,
    'aws:SourceIp': invokedBy === undefined && !isService ? call.sourceIp : undefined,
    'aws:RequestedRegion': call.region,
    'aws:PrincipalArn': isService ? undefined : (caller.session?.roleArn ?? caller.arn),
    'aws:PrincipalAccount': isService ? undefined : caller.accountId,
    'aws:PrincipalType': principalTypes[caller.type],
    'aws:userid': isService ? undefined : caller.principalId,
    'aws:username': caller.userName,
    'aws:PrincipalIsAWSService': String(isService),
    'aws:PrincipalServiceName': isService ? caller.arn : undefined,
    'aws:ViaAWSService': String(invokedBy !== undefined),
    'aws:CalledVia': invokedBy === undefined ? undefined : [invokedBy],
    'aws:CalledViaFirst': invokedBy,
    'aws:CalledViaLast': invokedBy,
    'kms:CallerAccount': isService ? serviceAccountId : caller.accountId,
    'kms:ViaService': invokedBy?.replace(/\.amazonaws\.com$/, `.${call.region}.amazonaws.com`),
  };
}

function keyValues(key: KeyRecord): OperationValues {
  const tags = Object.entries(key.tags).map(([name, value]) => [`aws:ResourceTag/${name}`, value]);
  return {
    ...Object.fromEntries(tags),
    'aws:ResourceAccount': key.accountId,
    'kms:KeySpec': key.spec,
    'kms:KeyUsage': key.usage,
    'kms:KeyOrigin': key.origin,
    'kms:MultiRegion': String(key.multiRegion),
  };
}

function contextValues(context: EncryptionContext): OperationValues {
  const pairs = Object.entries(context);
  if (pairs.length === 0) return {};
  return {
    ...Object.fromEntries(pairs.map(([name, value]) => [`kms:EncryptionContext:${name}`, value])),
    'kms:EncryptionContextKeys': pairs.map(([name]) => name),
  };
}
