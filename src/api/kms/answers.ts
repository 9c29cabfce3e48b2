import { AwsError } from '../../aws/errors.ts';
import type { Operation, Permission, Result } from '../../aws/service.ts';
import type { CallContext } from '../../calls/call-context.ts';
import type { TouchedResource } from '../../calls/completed-call.ts';
import { KmsError } from '../../kms/errors.ts';
import type { Kms } from '../../kms/kms.ts';
import type { KeyRecord } from '../../kms/records.ts';
import type { Result as KmsResult } from '../../kms/result.ts';

// biome-ignore lint/suspicious/noExplicitAny: operations differ in input and output; each is checked where it is declared.
type AnyOperation = Operation<any, any>;

/**
 * Nothing is asked of the caller's identity alone: whether a key may be used is decided by its
 * policy, by grants and, where the policy leaves it to them, by the caller's own policies, together.
 */
export const decidedByKey = (): readonly Permission[] => [];

/** Hands an operation's answer to the front door, with the changes that make it true. */
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

/** The members by which requests name keys. */
const keyMembers = ['KeyId', 'SourceKeyId', 'DestinationKeyId', 'TargetKeyId', 'AliasName'];

/** Adds to an operation which keys a call of it was about though it failed. */
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
 * Ends a call that was only to find out whether it would succeed, once it has come so far.
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
 * Refuses members that change what a call means and that are not known here; to pass them over
 * would hand out in clear what was asked for sealed.
 *
 * @param asked the members by name
 * @throws {KmsError} 'UnsupportedOperationException'
 */
export function refuseMembers(asked: Readonly<Record<string, unknown>>): void {
  const name = Object.keys(asked).find((member) => asked[member] !== undefined);
  if (name === undefined) return;
  throw new KmsError('UnsupportedOperationException', `${name} is not supported.`);
}

/** Puts the key service's refusals into the front door's form; every one is the client's fault. */
export function translate(error: Error): AwsError | undefined {
  if (!(error instanceof KmsError)) return undefined;
  return new AwsError(error.code, error.message, { cause: error });
}
