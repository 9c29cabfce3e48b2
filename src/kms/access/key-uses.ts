// The checks before a key is used.

import type { KmsCall } from '../call.ts';
import { KmsError } from '../errors.ts';
import type { GrantTokens } from '../grants/grant-tokens.ts';
import type { KeyFinder } from '../key-finder.ts';
import { algorithmsOf, type KeyUsage } from '../key-specs.ts';
import { type KeyOperation, requireState } from '../key-states.ts';
import type { EncryptionContext, KeyRecord } from '../records.ts';
import type { Authoriser } from './authoriser.ts';
import type { OperationValues } from './request-values.ts';

/** A use of a key. */
export interface KeyUse {
  readonly operation: KeyOperation;
  /** The required permission; by default the operation. */
  readonly action?: string;
  /** The usage that the key must have; undefined for any. */
  readonly usage?: KeyUsage;
  /** The algorithm that the key must support; undefined for any. */
  readonly algorithm?: string;
  readonly context?: EncryptionContext | undefined;
  readonly values?: OperationValues;
  readonly grantTokens?: readonly string[] | undefined;
}

interface Parts {
  readonly finder: KeyFinder;
  readonly authoriser: Authoriser;
  readonly tokens: GrantTokens;
}

/** Finds keys and checks whether a caller may use them: permission, state, usage, algorithm. */
export class KeyUses {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Finds a key by its id, ARN, alias or alias ARN, and checks the use.
   *
   * @throws {KmsError} 'NotFoundException', 'InvalidArnException', and those of {@link check}
   */
  find(call: KmsCall, name: string, use: KeyUse): KeyRecord {
    const key = this.#parts.finder.find(call, name);
    this.check(call, key, { ...use, values: { ...requestAlias(name), ...use.values } });
    return key;
  }

  /**
   * Checks a use of a key, in AWS's order: permission, state, usage, algorithm.
   *
   * @throws {KmsError} 'AccessDeniedException', 'InvalidGrantTokenException', the errors of the key's
   *   state, 'InvalidKeyUsageException'
   */
  check(call: KmsCall, key: KeyRecord, use: KeyUse): void {
    const { authoriser, tokens } = this.#parts;
    const { operation, action = operation, context } = use;
    for (const token of use.grantTokens ?? []) tokens.read(token);
    authoriser.authorise(call, { action, key, context, values: use.values ?? {} });
    requireState(operation, key);
    requireUsage(key, use);
    requireMaterials(key, call.nowMs);
  }
}

/** The alias that a request used, as a condition key. */
export function requestAlias(name: string): OperationValues {
  const alias = /(?:^|:)(alias\/.+)$/.exec(name)?.[1];
  return { 'kms:RequestAlias': alias };
}

function requireUsage(key: KeyRecord, { operation, usage, algorithm }: KeyUse): void {
  if (usage !== undefined && key.usage !== usage) {
    throw new KmsError(
      'InvalidKeyUsageException',
      `${key.arn} key usage is ${key.usage} which is not valid for ${operation}.`,
    );
  }
  const allowed: readonly string[] = Object.values(algorithmsOf(key.spec, key.usage)).flat();
  if (algorithm === undefined || allowed.includes(algorithm)) return;
  throw new KmsError(
    'InvalidKeyUsageException',
    `${key.arn} has KeySpec ${key.spec}, for which algorithm ${algorithm} is not valid.`,
  );
}

/** Imported material is not used after its time, even if its expiry was not recorded yet. */
function requireMaterials(key: KeyRecord, nowMs: number): void {
  const isExpired = key.materials.some(({ validToMs, isPending }) => {
    return validToMs !== undefined && validToMs <= nowMs && isPending !== true;
  });
  if (!isExpired) return;
  throw new KmsError('KMSInvalidStateException', `${key.arn} is pending import.`);
}
