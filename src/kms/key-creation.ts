// Creation of keys.

import { assert } from '../base/assert.ts';
import type { Random } from '../base/random.ts';
import { isFipsForced } from '../crypto/fips.ts';
import type { PrincipalNames } from '../identity/policies/principal-ids.ts';
import type { Authoriser } from './access/authoriser.ts';
import {
  defaultPolicy,
  managedPolicy,
  newKeyPolicy,
  servicePolicy,
} from './access/key-policies.ts';
import { isServiceCall, type KmsCall } from './call.ts';
import type { Materials } from './ciphers/materials.ts';
import { KmsError } from './errors.ts';
import { aliasArn, keyArn, serviceAccountId } from './key-ids.ts';
import { isApproved, type KeySpec, type KeyUsage, usageOf } from './key-specs.ts';
import type { KmsJournal } from './kms-journal.ts';
import type { AliasRecord, KeyOwner, KeyRecord } from './records.ts';
import type { Result } from './result.ts';
import { type Tag, withTags } from './tags.ts';

const keysPerAccountMax = 100_000;

/** A CreateKey request. */
export interface KeyRequest {
  readonly Policy?: string | undefined;
  readonly Description?: string | undefined;
  readonly KeyUsage?: KeyUsage | undefined;
  readonly KeySpec?: KeySpec | undefined;
  readonly CustomerMasterKeySpec?: KeySpec | undefined;
  readonly Origin?: string | undefined;
  readonly CustomKeyStoreId?: string | undefined;
  readonly XksKeyId?: string | undefined;
  readonly MultiRegion?: boolean | undefined;
  readonly BypassPolicyLockoutSafetyCheck?: boolean | undefined;
  readonly Tags?: readonly Tag[] | undefined;
}

interface Parts {
  readonly journal: KmsJournal;
  readonly authoriser: Authoriser;
  readonly materials: Materials;
  readonly random: Random;
  readonly names: PrincipalNames;
}

/** Creates customer managed keys, service-owned keys, and AWS managed keys. */
export class KeyCreation {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Creates a key. A service that calls for itself creates a service-owned key, which no account
   * sees.
   *
   * @throws {KmsError} 'ValidationException', 'MalformedPolicyDocumentException', 'TagException',
   *   'LimitExceededException', 'UnsupportedOperationException'
   */
  create(call: KmsCall, request: KeyRequest): Result<KeyRecord> {
    const owner = isServiceCall(call) ? 'service' : 'customer';
    const made = this.#keyOf(call, request, owner);
    const key = { ...made, ...newKeyPolicy(made.policy, this.#parts.names) };
    if (request.BypassPolicyLockoutSafetyCheck !== true) {
      requireNoLockout(this.#parts.authoriser, call, key);
    }
    return { output: key, changes: [{ put: 'key', key }], keys: [key] };
  }

  /**
   * Creates the AWS managed key of a service in the caller's account, with its alias. This happens
   * when the alias is first used.
   *
   * @param service the service name: `mq`
   */
  createManaged(call: KmsCall, service: string): Result<KeyRecord> {
    const name = `alias/aws/${service}`;
    assert(
      this.#parts.journal.alias(call.accountId, name) === undefined,
      `${name} exists in account ${call.accountId}`,
    );
    const request = {
      Description: `Default key that protects my Amazon ${service.toUpperCase()} data when no other key is defined`,
      Policy: managedPolicy(service, call.region, call.accountId),
    };
    const key = this.#keyOf(call, request, 'aws');
    const alias: AliasRecord = {
      name,
      arn: aliasArn(call.region, call.accountId, name),
      accountId: call.accountId,
      keyId: key.id,
      createdMs: call.nowMs,
      updatedMs: call.nowMs,
    };
    const changes = [{ put: 'key', key } as const, { put: 'alias', alias } as const];
    return { output: key, changes, keys: [key] };
  }

  #keyOf(call: KmsCall, request: KeyRequest, owner: KeyOwner): KeyRecord {
    const { random, materials } = this.#parts;
    const { spec, usage, origin } = kindOf(request);
    const accountId = owner === 'service' ? serviceAccountId : call.accountId;
    if (owner === 'customer') this.#requireRoom(accountId);
    const id = random.uuid();
    const hasMaterial = spec === 'SYMMETRIC_DEFAULT' && origin === 'AWS_KMS';
    const ownPolicy =
      owner === 'service' ? servicePolicy(call.caller.arn) : defaultPolicy(call.caller.accountId);
    return {
      id,
      arn: keyArn(call.region, accountId, id),
      accountId,
      owner,
      spec,
      usage,
      origin,
      multiRegion: false,
      description: request.Description ?? '',
      policy: request.Policy ?? ownPolicy,
      createdMs: call.nowMs,
      state: origin === 'EXTERNAL' ? 'PendingImport' : 'Enabled',
      tags: withTags({}, request.Tags ?? []),
      materials: hasMaterial ? [materials.create(id, call.nowMs)] : [],
    };
  }

  #requireRoom(accountId: string): void {
    if (this.#parts.journal.customerKeyCount(accountId) < keysPerAccountMax) return;
    throw new KmsError(
      'LimitExceededException',
      `The account has ${keysPerAccountMax} keys, the maximum allowed`,
    );
  }
}

/**
 * Refuses a policy that neither the caller nor the root user of its account could change again.
 *
 * @param key the key with the new policy
 * @throws {KmsError} 'MalformedPolicyDocumentException'
 */
export function requireNoLockout(authoriser: Authoriser, call: KmsCall, key: KeyRecord): void {
  const { accountId } = call.caller;
  const arn = `arn:aws:iam::${accountId}:root`;
  const root = {
    ...call,
    caller: { type: 'root', accountId, arn, principalId: accountId } as const,
  };
  if (mayPutPolicy(authoriser, call, key) || mayPutPolicy(authoriser, root, key)) return;
  throw new KmsError(
    'MalformedPolicyDocumentException',
    'The new key policy will not allow you to update the key policy in the future.',
  );
}

function mayPutPolicy(authoriser: Authoriser, call: KmsCall, key: KeyRecord): boolean {
  try {
    authoriser.authorise(call, { action: 'PutKeyPolicy', key });
    return true;
  } catch (error) {
    if (error instanceof KmsError && error.code === 'AccessDeniedException') return false;
    throw error;
  }
}

/** @throws {KmsError} 'UnsupportedOperationException' in FIPS mode for a curve that is not approved */
function refuseUnapproved(spec: KeySpec): void {
  if (!isFipsForced() || isApproved(spec)) return;
  const text = `KeySpec ${spec} is not approved by FIPS 140-3, and the service runs with --fips.`;
  throw new KmsError('UnsupportedOperationException', text);
}

function kindOf(request: KeyRequest): { spec: KeySpec; usage: KeyUsage; origin: string } {
  const { KeySpec: newer, CustomerMasterKeySpec: older, Origin: origin = 'AWS_KMS' } = request;
  if (newer !== undefined && older !== undefined) {
    throw new KmsError(
      'ValidationException',
      'You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.',
    );
  }
  const spec = newer ?? older ?? 'SYMMETRIC_DEFAULT';
  const usage = usageOf(spec, request.KeyUsage);
  refuseUnapproved(spec);
  const hasStore = request.CustomKeyStoreId !== undefined || request.XksKeyId !== undefined;
  if (hasStore || (origin !== 'AWS_KMS' && origin !== 'EXTERNAL')) {
    throw new KmsError('UnsupportedOperationException', 'Custom key stores are not supported.');
  }
  if (request.MultiRegion === true) {
    throw new KmsError('UnsupportedOperationException', 'Multi-Region keys are not supported.');
  }
  return { spec, usage, origin };
}
