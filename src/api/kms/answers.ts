// Code that the KMS operations share: permissions, answers, and error conversion.

import { AwsError } from '../../aws/errors.ts';
import { noPermission, type Operation, type Result } from '../../aws/service.ts';
import type { CallContext } from '../../calls/call-context.ts';
import type { TouchedResource } from '../../calls/completed-call.ts';
import { KmsError } from '../../kms/errors.ts';
import type { Kms } from '../../kms/kms.ts';
import type { KeyRecord } from '../../kms/records.ts';
import type { Result as KmsResult } from '../../kms/result.ts';

// biome-ignore lint/suspicious/noExplicitAny: operations differ in input and output; each is checked where it is declared.
type AnyOperation = Operation<any, any>;

/**
 * Identity policies alone do not decide the use of a key. The key policy, the grants and, where the
 * key policy delegates to them, the caller's policies are evaluated together.
 */
export const decidedByKey = noPermission('the key service evaluates all policies and the grants');

/** Returns an operation's output together with its changes. */
export function answer<Output>(
  kms: Kms,
  result: KmsResult<unknown>,
  output: Output,
): Result<Output> {
  return {
    output,
    changes: result.changes.map((change) => ({ journal: kms.journal.name, change })),
    resources: result.keys.map(resourceOf),
    committed: () => kms.announce(result),
  };
}

/** The members that name a key in requests. */
const keyMembers = ['KeyId', 'SourceKeyId', 'DestinationKeyId', 'TargetKeyId', 'AliasName'];

/** Adds the keys that a failed call concerns to an operation. */
export function withKeys(kms: Kms, operation: AnyOperation): AnyOperation {
  const failedResources = (input: Readonly<Record<string, unknown>>, call: CallContext) => {
    const names = keyMembers.map((member) => input[member]);
    const keys = new Set(kms.keys.named(call, names.filter(isText)));
    const { CiphertextBlob: blob } = input;
    const sealedBy = Buffer.isBuffer(blob) ? kms.ciphers.keyOf(call, blob) : undefined;
    if (sealedBy) keys.add(sealedBy);
    return [...keys].map(resourceOf);
  };
  return { ...operation, failedResources };
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function resourceOf({ arn, accountId }: KeyRecord): TouchedResource {
  return { arn, accountId, type: 'AWS::KMS::Key' };
}

/**
 * Ends a dry run after all checks have passed.
 *
 * @throws {KmsError} 'DryRunOperationException'
 */
export function endDryRun(asked: boolean | undefined): void {
  if (asked !== true) return;
  throw new KmsError(
    'DryRunOperationException',
    'The request would have succeeded, but the DryRun option is set.',
  );
}

/**
 * Refuses members that change the meaning of a call and are not supported. Ignoring them could
 * return plaintext to a caller who asked for an encrypted result.
 *
 * @param asked the members by name
 * @throws {KmsError} 'UnsupportedOperationException'
 */
export function refuseMembers(asked: Readonly<Record<string, unknown>>): void {
  const name = Object.keys(asked).find((member) => asked[member] !== undefined);
  if (name === undefined) return;
  throw new KmsError('UnsupportedOperationException', `${name} is not supported.`);
}

/** The error for any custom key store: there are none. */
export function noKeyStore(id: string): KmsError {
  const text = `There is no custom key store ${id}: custom key stores are not supported.`;
  return new KmsError('CustomKeyStoreNotFoundException', text);
}

/** Converts errors of the key service to AWS errors. All but one are client errors. */
export function translate(error: Error): AwsError | undefined {
  if (!(error instanceof KmsError)) return undefined;
  const status = error.code === 'KMSInternalException' ? 500 : 400;
  return new AwsError(error.code, error.message, { cause: error, status });
}
