// The managed policies that AWS provides, as IAM shows them.

import { createHash } from 'node:crypto';
import { providedDocuments } from '../../actions/managed-policies.ts';
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
  /** False for policies of service-linked roles. */
  readonly isAttachable: boolean;
}

/** The creation time that is shown for all provided policies: the day on which Amazon MQ began. */
export const providedAtMs = Date.UTC(2017, 10, 28);

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** The id of a provided policy, which is the same in all installations. */
function idOf(name: string): string {
  const hash = createHash('sha256').update(name).digest().subarray(0, 17);
  return `ANPA${[...hash].map((byte) => base32.charAt(byte % base32.length)).join('')}`;
}

let made: ReadonlyMap<string, ProvidedPolicy> | undefined;

/** Made at the first use, because a start needs none. */
function policies(): ReadonlyMap<string, ProvidedPolicy> {
  made ??= new Map(
    providedDocuments.map((provided) => {
      const { name, path } = provided;
      const arn = `arn:aws:iam::aws:policy${path}${name}`;
      return [arn, { ...provided, arn, id: idOf(name) }] as const;
    }),
  );
  return made;
}

/** The provided policy with an ARN; undefined if there is none. */
export function providedPolicy(arn: string): ProvidedPolicy | undefined {
  return policies().get(arn);
}

/** All provided policies. */
export function providedPolicies(): Iterable<ProvidedPolicy> {
  return policies().values();
}

/** The only version of a provided policy. */
export function providedVersion({ document }: ProvidedPolicy): VersionRecord {
  return { number: 1, document, createdMs: providedAtMs };
}
