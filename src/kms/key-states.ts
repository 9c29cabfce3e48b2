// The effect of key states on operations.

import { unreachable } from '../base/assert.ts';
import { KmsError } from './errors.ts';
import type { KeyRecord, KeyState } from './records.ts';

/**
 * The result of an operation in a state, with the letters of the table in AWS's developer guide.
 */
type Answer =
  | 'ok'
  | 'disabled'
  | 'pending deletion'
  | 'not pending deletion'
  | 'pending import'
  | 'unavailable'
  | 'unsupported';

type Row = Readonly<Record<KeyState, Answer>>;

function row(
  Enabled: Answer,
  Disabled: Answer,
  PendingDeletion: Answer,
  PendingImport: Answer,
  Unavailable: Answer,
): Row {
  return { Enabled, Disabled, PendingDeletion, PendingImport, Unavailable };
}

const always = row('ok', 'ok', 'ok', 'ok', 'ok');
const unlessDeleted = row('ok', 'ok', 'pending deletion', 'ok', 'ok');
const crypto = row('ok', 'disabled', 'pending deletion', 'pending import', 'unavailable');
const toggled = row('ok', 'ok', 'pending deletion', 'pending import', 'ok');
const imported = row('ok', 'ok', 'pending deletion', 'ok', 'ok');
const rotated = row('ok', 'disabled', 'pending deletion', 'unsupported', 'unsupported');

/**
 * The result of each operation in each key state (AWS KMS developer guide, "Key states of AWS KMS
 * keys").
 */
const answers = {
  CancelKeyDeletion: row(
    'not pending deletion',
    'not pending deletion',
    'ok',
    'not pending deletion',
    'not pending deletion',
  ),
  CreateAlias: unlessDeleted,
  CreateGrant: row('ok', 'disabled', 'pending deletion', 'pending import', 'ok'),
  Decrypt: crypto,
  DeleteImportedKeyMaterial: always,
  DeriveSharedSecret: crypto,
  DeleteAlias: always,
  DescribeKey: always,
  DisableKey: toggled,
  DisableKeyRotation: rotated,
  EnableKey: toggled,
  EnableKeyRotation: rotated,
  Encrypt: crypto,
  GenerateDataKey: crypto,
  GenerateDataKeyPair: crypto,
  GenerateDataKeyPairWithoutPlaintext: crypto,
  GenerateDataKeyWithoutPlaintext: crypto,
  GenerateMac: crypto,
  GetKeyPolicy: always,
  GetKeyRotationStatus: row('ok', 'ok', 'ok', 'unsupported', 'unsupported'),
  GetParametersForImport: imported,
  GetPublicKey: crypto,
  ImportKeyMaterial: imported,
  ListAliases: always,
  ListGrants: always,
  ListKeyPolicies: always,
  ListKeyRotations: always,
  ListResourceTags: always,
  PutKeyPolicy: always,
  ReEncrypt: crypto,
  RetireGrant: always,
  RevokeGrant: always,
  RotateKeyOnDemand: rotated,
  ScheduleKeyDeletion: unlessDeleted,
  Sign: crypto,
  TagResource: unlessDeleted,
  UntagResource: unlessDeleted,
  UpdateAlias: unlessDeleted,
  UpdateKeyDescription: unlessDeleted,
  Verify: crypto,
  VerifyMac: crypto,
} as const satisfies Record<string, Row>;

/** An operation on one key. */
export type KeyOperation = keyof typeof answers;

/**
 * Checks that the key's state permits an operation.
 *
 * @throws {KmsError} 'DisabledException', 'KMSInvalidStateException',
 *   'UnsupportedOperationException'
 * @see AWS KMS developer guide, "Key states of AWS KMS keys"
 */
export function requireState(operation: KeyOperation, key: KeyRecord): void {
  const answer: Answer = answers[operation][key.state];
  switch (answer) {
    case 'ok':
      return;
    case 'disabled':
      throw new KmsError('DisabledException', `${key.arn} is disabled.`);
    case 'unsupported':
      throw new KmsError(
        'UnsupportedOperationException',
        `${key.arn} origin is ${key.origin} which is not valid for this operation.`,
      );
    case 'pending deletion':
    case 'not pending deletion':
    case 'pending import':
    case 'unavailable':
      throw new KmsError('KMSInvalidStateException', `${key.arn} is ${answer}.`);
    default:
      unreachable(answer);
  }
}
