import { AwsError } from '../../aws/errors.ts';
import type { Permission, Result } from '../../aws/service.ts';
import type { Done } from '../../kms/done.ts';
import { KmsError } from '../../kms/errors.ts';
import type { Kms } from '../../kms/kms.ts';

/**
 * Nothing is asked of the caller's identity alone: whether a key may be used is decided by its
 * policy, by grants and, where the policy leaves it to them, by the caller's own policies, together.
 */
export const decidedByKey = (): readonly Permission[] => [];

/** Hands an operation's answer to the front door, with the changes that make it true. */
export function answer<Output>(kms: Kms, done: Done<unknown>, output: Output): Result<Output> {
  return {
    output,
    changes: done.changes.map((change) => ({ journal: kms.journal.name, change })),
    resources: done.keys.map(({ arn, accountId }) => ({ arn, accountId, type: 'AWS::KMS::Key' })),
    committed: () => kms.announce(done),
  };
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
