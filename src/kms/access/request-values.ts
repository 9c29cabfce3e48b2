// The values of condition keys for the use of keys.

import {
  CallValues,
  foldedValues,
  type NamedValues,
  tagValues,
} from '../../identity/policies/call-values.ts';
import type { ContextValues } from '../../identity/policies/scope.ts';
import { isServiceCall, type KmsCall } from '../call.ts';
import { serviceAccountId } from '../key-ids.ts';
import type { EncryptionContext, KeyRecord } from '../records.ts';

/** Additional condition keys of an operation. Undefined values are missing keys. */
export type OperationValues = NamedValues;

/** The condition keys of a use of a key. */
export interface KeyUseValues {
  readonly ofKeyPolicy: ContextValues;
  /** Identity policies also know the aliases of the key. */
  readonly ofIdentityPolicies: ContextValues;
}

/**
 * Collects the condition keys of a use of a key.
 *
 * @param context the call's encryption context; for CreateGrant, the pairs of its constraint
 * @param aliases returns the names of the key's aliases
 */
export function requestValues(
  call: KmsCall,
  key: KeyRecord,
  context: EncryptionContext,
  further: OperationValues,
  aliases: () => readonly string[],
): KeyUseValues {
  const own = foldedValues({
    ...tagValues('aws:ResourceTag', key.tags),
    ...keyValues(call, key),
    ...contextValues(context),
    ...further,
  });
  const values = new CallValues(call, own);
  const get = (name: string) => (name === 'kms:resourcealiases' ? aliases() : values.get(name));
  return { ofKeyPolicy: values, ofIdentityPolicies: { get } };
}

function keyValues(call: KmsCall, key: KeyRecord): NamedValues {
  const { invokedBy, region, caller } = call;
  return {
    'kms:CallerAccount': isServiceCall(call) ? serviceAccountId : caller.accountId,
    'kms:ViaService': invokedBy?.replace(/\.amazonaws\.com$/, `.${region}.amazonaws.com`),
    'aws:ResourceAccount': key.accountId,
    'kms:KeySpec': key.spec,
    'kms:KeyUsage': key.usage,
    'kms:KeyOrigin': key.origin,
    'kms:MultiRegion': String(key.multiRegion),
  };
}

function contextValues(context: EncryptionContext): NamedValues {
  const pairs = Object.entries(context);
  if (pairs.length === 0) return {};
  return {
    ...Object.fromEntries(pairs.map(([name, value]) => [`kms:EncryptionContext:${name}`, value])),
    'kms:EncryptionContextKeys': pairs.map(([name]) => name),
  };
}
