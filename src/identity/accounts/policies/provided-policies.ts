// The managed policies that AWS provides, as IAM shows them.

import type { VersionRecord } from '../records.ts';

/** A policy that AWS provides. It cannot be changed. */
export interface ProvidedPolicy {
  /** `arn:aws:iam::aws:policy/…` */
  readonly arn: string;
  /** `ANPA…` */
  readonly id: string;
  readonly name: string;
  readonly path: string;
  readonly description: string;
  readonly document: string;
  /** The number of the version in effect. */
  readonly version: number;
  readonly createdMs: number;
  readonly updatedMs: number;
  /** False for policies of service-linked roles. */
  readonly isAttachable: boolean;
}

const policies: ReadonlyMap<string, ProvidedPolicy> = new Map();

/** The provided policy with an ARN; undefined if there is none. */
export function providedPolicy(arn: string): ProvidedPolicy | undefined {
  return policies.get(arn);
}

/** All provided policies. */
export function providedPolicies(): Iterable<ProvidedPolicy> {
  return policies.values();
}

/** The only version of a provided policy. */
export function providedVersion({ version, document, updatedMs }: ProvidedPolicy): VersionRecord {
  return { number: version, document, createdMs: updatedMs };
}
