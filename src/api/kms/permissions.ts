// The permissions of the KMS operations that identity policies decide.

import type { Permissions } from '../../aws/service.ts';
import type { CallContext } from '../../calls/call-context.ts';
import { aliasArn } from '../../kms/key-ids.ts';

/** What a CreateKey request says about the key. */
interface CreationRequest {
  readonly KeySpec?: string | undefined;
  readonly CustomerMasterKeySpec?: string | undefined;
  readonly KeyUsage?: string | undefined;
  readonly Origin?: string | undefined;
  readonly MultiRegion?: boolean | undefined;
  readonly BypassPolicyLockoutSafetyCheck?: boolean | undefined;
  readonly Tags?: readonly { readonly TagKey: string; readonly TagValue: string }[] | undefined;
}

/** The permissions for the creation of a key: there is no key policy yet. */
export function creatingKey(request: CreationRequest, context: CallContext): Permissions {
  const { Tags: tags = [] } = request;
  const values = {
    ...Object.fromEntries(
      tags.map(({ TagKey, TagValue }) => [`aws:RequestTag/${TagKey}`, TagValue]),
    ),
    'aws:TagKeys': tags.map(({ TagKey }) => TagKey),
    'kms:KeySpec': request.KeySpec ?? request.CustomerMasterKeySpec ?? 'SYMMETRIC_DEFAULT',
    'kms:KeyUsage': request.KeyUsage ?? 'ENCRYPT_DECRYPT',
    'kms:KeyOrigin': request.Origin ?? 'AWS_KMS',
    'kms:MultiRegion': String(request.MultiRegion ?? false),
    'kms:BypassPolicyLockoutSafetyCheck': String(request.BypassPolicyLockoutSafetyCheck ?? false),
    'kms:CallerAccount': context.caller.accountId,
  };
  const create = { action: 'kms:CreateKey', resources: [], values };
  return tags.length === 0 ? [create] : [create, { ...create, action: 'kms:TagResource' }];
}

/** The permission for an action on an alias. The key policy decides about the key. */
export function onAlias(action: string, name: string, call: CallContext): Permissions {
  return [{ action, resources: [aliasArn(call.region, call.accountId, name)] }];
}
