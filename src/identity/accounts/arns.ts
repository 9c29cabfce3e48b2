// ARNs of IAM's resources.

import type { EntityKind } from './records.ts';

/** Builds the ARN of a user, group, role, policy or MFA device. */
export function iamArn(
  accountId: string,
  kind: EntityKind | 'policy' | 'mfa',
  { path, name }: { readonly path: string; readonly name: string },
): string {
  return `arn:aws:iam::${accountId}:${kind}${path}${name}`;
}

/** The ARN of the root user. */
export function rootArn(accountId: string): string {
  return `arn:aws:iam::${accountId}:root`;
}

/** The kind, path and name in an ARN of an account; undefined if it is none. */
export function partsOfArn(
  accountId: string,
  arn: string,
): { readonly kind: string; readonly path: string; readonly name: string } | undefined {
  const prefix = `arn:aws:iam::${accountId}:`;
  if (!arn.startsWith(prefix)) return undefined;
  const rest = arn.slice(prefix.length);
  const first = rest.indexOf('/');
  if (first < 0) return undefined;
  const last = rest.lastIndexOf('/');
  return {
    kind: rest.slice(0, first),
    path: rest.slice(first, last + 1),
    name: rest.slice(last + 1),
  };
}
