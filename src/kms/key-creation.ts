// Creation of keys.

import { assert } from '../base/assert.ts';
import type { Random } from '../base/random.ts';
import { isFipsForced } from '../crypto/fips-process.ts';
import type { PrincipalNames } from '../identity/policies/principal-ids.ts';
import type { Authoriser } from './access/authoriser.ts';
import {
  defaultPolicy,
  managedPolicy,
  newKeyPolicy,
  servicePolicy,
} from './access/key-policies.ts';
import type { KeyPair, KeyPairs } from './asymmetric/key-pairs.ts';
import { isServiceCall, type KmsCall } from './call.ts';
import type { Materials } from './ciphers/materials.ts';
import { KmsError } from './errors.ts';
import { aliasArn, keyArn, serviceAccountId } from './key-ids.ts';
import {
  isApproved,
  isPairSpec,
  type KeySpec,
  type KeyUsage,
  type knownKeySpecs,
  materialBytesOf,
  supportedSpec,
  usageOf,
} from './key-specs.ts';
import type { KmsJournal } from './kms-journal.ts';
import type { AliasRecord, KeyOwner, KeyRecord } from './records.ts';
import type { Result } from './result.ts';
import { type Tag, withTags } from './tags.ts';

const keysPerAccountMax = 100_000;

type KnownKeySpec = (typeof knownKeySpecs)[number];

/** What a new key needs and cannot be made at once. */
export interface PreparedKey {
  /** Undefined if the key is not asymmetric. */
  readonly pair: KeyPair | undefined;
  /** The reserved secret of the material; undefined if the key has none. */
  readonly secret: number | undefined;
}

/** A CreateKey request. */
export interface KeyRequest {
  readonly Policy?: string | undefined;
  readonly Description?: string | undefined;
  readonly KeyUsage?: KeyUsage | undefined;
  readonly KeySpec?: KnownKeySpec | undefined;
  readonly CustomerMasterKeySpec?: KnownKeySpec | undefined;
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
  readonly pairs: KeyPairs;
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
   * Checks a request and makes what {@link create} needs: a key pair, which takes up to seconds, and
   * a place for the material.
   *
   * @throws {KmsError} the errors of {@link create}, and 'ThrottlingException'
   */
  async prepare(call: KmsCall, request: KeyRequest): Promise<PreparedKey> {
    const key = this.#checked(call, request);
    if (key.origin !== 'AWS_KMS') return { pair: undefined, secret: undefined };
    const { pairs, materials } = this.#parts;
    const pair = isPairSpec(key.spec) ? await pairs.generate(key.accountId, key.spec) : undefined;
    return { pair, secret: await materials.reserve() };
  }

  /**
   * Creates a key. A service that calls for itself creates a service-owned key, which no account
   * sees.
   *
   * @param prepared see {@link prepare}; only optional for keys that are not asymmetric
   * @throws {KmsError} 'ValidationException', 'MalformedPolicyDocumentException', 'TagException',
   *   'LimitExceededException', 'UnsupportedOperationException'
   */
  create(call: KmsCall, request: KeyRequest, prepared?: PreparedKey): Result<KeyRecord> {
    try {
      const key = this.#withMaterial(this.#checked(call, request), call.nowMs, prepared);
      return { output: key, changes: [{ put: 'key', key }], keys: [key] };
    } catch (error) {
      if (prepared?.secret !== undefined) this.#parts.materials.release(prepared.secret);
      throw error;
    }
  }

  /** A key without its material, if the request is valid. */
  #checked(call: KmsCall, request: KeyRequest): KeyRecord {
    const owner = isServiceCall(call) ? 'service' : 'customer';
    const made = this.#keyOf(call, request, owner);
    const key = { ...made, ...newKeyPolicy(made.policy, this.#parts.names) };
    if (request.BypassPolicyLockoutSafetyCheck !== true) {
      requireNoLockout(this.#parts.authoriser, call, key);
    }
    return key;
  }

  #withMaterial(key: KeyRecord, createdMs: number, prepared?: PreparedKey): KeyRecord {
    if (key.origin !== 'AWS_KMS') return key;
    const { random, materials } = this.#parts;
    const { pair, secret } = prepared ?? {};
    assert(pair !== undefined || !isPairSpec(key.spec), `${key.spec} needs a key pair`);
    const bytes = pair?.privateKey ?? random.bytes(materialBytesOf(key.spec));
    const material = materials.seal(key.id, bytes, { createdMs }, secret);
    const publicKey = pair && { publicKey: pair.publicKey.toString('base64') };
    return { ...key, materials: [material], ...publicKey };
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
    const key = this.#withMaterial(this.#keyOf(call, request, 'aws'), call.nowMs);
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
    const { random } = this.#parts;
    const { spec, usage, origin } = kindOf(request);
    const accountId = owner === 'service' ? serviceAccountId : call.accountId;
    if (owner === 'customer') this.#requireRoom(accountId);
    const multiRegion = request.MultiRegion === true;
    const id = multiRegion ? `mrk-${random.bytes(16).toString('hex')}` : random.uuid();
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
      multiRegion,
      description: request.Description ?? '',
      policy: request.Policy ?? ownPolicy,
      createdMs: call.nowMs,
      state: origin === 'EXTERNAL' ? 'PendingImport' : 'Enabled',
      tags: withTags({}, request.Tags ?? []),
      materials: [],
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
export function refuseUnapproved(spec: KeySpec): void {
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
  const spec = supportedSpec<KeySpec>(newer ?? older ?? 'SYMMETRIC_DEFAULT');
  const usage = usageOf(spec, request.KeyUsage);
  refuseUnapproved(spec);
  const hasStore = request.CustomKeyStoreId !== undefined || request.XksKeyId !== undefined;
  if (hasStore || (origin !== 'AWS_KMS' && origin !== 'EXTERNAL')) {
    throw new KmsError('UnsupportedOperationException', 'Custom key stores are not supported.');
  }
  return { spec, usage, origin };
}
