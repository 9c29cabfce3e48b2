// The KMS operations on grants.

import { operation } from '../../../aws/service.ts';
import { boolean, freeText, list, required, string, structure } from '../../../aws/shapes/shape.ts';
import type { Kms } from '../../../kms/kms.ts';
import type { Page } from '../../../kms/pages.ts';
import type { GrantRecord } from '../../../kms/records.ts';
import type { Result } from '../../../kms/result.ts';
import { answer, decidedByKey, endDryRun } from '../answers.ts';
import {
  grantConstraints,
  grantEntry,
  grantId,
  grantOperations,
  grantToken,
  grantTokens,
  keyId,
  limit,
  marker,
  nothing,
  principal,
} from '../shapes.ts';

const grantName = string({ min: 1, max: 256, pattern: /^[a-zA-Z0-9:/_-]+$/ });

const grantPage = structure({
  Grants: list(grantEntry),
  NextMarker: marker,
  Truncated: boolean(),
});

/** Creates a grant, which lets a grantee use a key. */
export const createGrant = (kms: Kms) =>
  operation({
    action: 'kms:CreateGrant',
    readOnly: false,
    input: structure({
      KeyId: required(keyId),
      GranteePrincipal: principal,
      RetiringPrincipal: principal,
      Operations: required(grantOperations),
      Constraints: grantConstraints,
      GrantTokens: grantTokens,
      Name: freeText('grant name', grantName),
      DryRun: boolean(),
      GranteeServicePrincipal: principal,
      RetiringServicePrincipal: principal,
    }),
    output: structure({ GrantToken: grantToken, GrantId: grantId }),
    permissions: decidedByKey,
    handle(input, call) {
      const result = kms.grants.create(call, input);
      endDryRun(input.DryRun);
      const auditResponse = { grantId: result.output.GrantId, keyId: result.keys[0]?.arn };
      return { ...answer(kms, result, result.output), auditResponse };
    },
  });

/** Lists the grants of a key. */
export const listGrants = (kms: Kms) =>
  operation({
    action: 'kms:ListGrants',
    readOnly: true,
    input: structure({
      Limit: limit,
      Marker: marker,
      KeyId: required(keyId),
      GrantId: grantId,
      GranteePrincipal: principal,
      GranteeServicePrincipal: principal,
    }),
    output: grantPage,
    permissions: decidedByKey,
    handle: (input, call) => page(kms, kms.grants.list(call, input)),
  });

/** Lists the grants that a principal may retire. */
export const listRetirableGrants = (kms: Kms) =>
  operation({
    action: 'kms:ListRetirableGrants',
    readOnly: true,
    input: structure({
      Limit: limit,
      Marker: marker,
      RetiringPrincipal: principal,
      RetiringServicePrincipal: principal,
    }),
    output: grantPage,
    handle: (input, call) => page(kms, kms.grants.listRetirable(call, input)),
  });

/** Retires a grant. */
export const retireGrant = (kms: Kms) =>
  operation({
    action: 'kms:RetireGrant',
    readOnly: false,
    input: structure({ GrantToken: grantToken, KeyId: keyId, GrantId: grantId, DryRun: boolean() }),
    output: nothing,
    permissions: decidedByKey,
    handle(input, call) {
      const result = kms.grants.retire(call, input);
      endDryRun(input.DryRun);
      const additionalEventData = { grantId: result.output.grantId };
      return { ...answer(kms, result, {}), auditRequest: null, additionalEventData };
    },
  });

/** Revokes a grant. */
export const revokeGrant = (kms: Kms) =>
  operation({
    action: 'kms:RevokeGrant',
    readOnly: false,
    input: structure({
      KeyId: required(keyId),
      GrantId: required(grantId),
      DryRun: boolean(),
    }),
    output: nothing,
    permissions: decidedByKey,
    handle(input, call) {
      const result = kms.grants.revoke(call, input);
      endDryRun(input.DryRun);
      return answer(kms, result, {});
    },
  });

function page(kms: Kms, result: Result<Page<GrantRecord>>) {
  const { items, next } = result.output;
  const Grants = items.map((grant) => entry(kms, grant));
  return answer(kms, result, { Grants, NextMarker: next, Truncated: next !== undefined });
}

function entry(kms: Kms, grant: GrantRecord) {
  return {
    KeyId: kms.journal.key(grant.keyId)?.arn,
    GrantId: grant.id,
    Name: grant.name,
    CreationDate: grant.createdMs,
    GranteePrincipal: grant.grantee,
    RetiringPrincipal: grant.retiring,
    IssuingAccount: `arn:aws:iam::${grant.issuingAccount}:root`,
    Operations: grant.operations,
    Constraints: grant.constraints,
    GranteeServicePrincipal: grant.granteeIsService ? grant.grantee : undefined,
    RetiringServicePrincipal: grant.retiringIsService ? grant.retiring : undefined,
  };
}
