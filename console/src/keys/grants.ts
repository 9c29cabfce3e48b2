// Grants of keys: what they are for, and who made them.

import {
  type GrantListEntry,
  ListGrantsCommand,
  type ListGrantsCommandOutput,
} from '@aws-sdk/client-kms';
import { lookUpEvents, whoOf } from '../trail/events.ts';
import { kms } from './key-calls.ts';

/** The encryption context to which a grant is limited: `aws:ebs:id = vol-…` */
export function contextOf({ Constraints }: GrantListEntry): string {
  const { EncryptionContextEquals, EncryptionContextSubset } = Constraints ?? {};
  const context = { ...EncryptionContextSubset, ...EncryptionContextEquals };
  return Object.entries(context)
    .map(([key, value]) => `${key} = ${value}`)
    .join(', ');
}

/** The entries that name volumes: those of RabbitMQ brokers, and of ActiveMQ brokers. */
const volumeNames = ['aws:ebs:id', 'aws:elasticfilesystem:filesystem:id'] as const;

/** The volume of a grant; undefined if it is not for one. */
export function volumeOf({ Constraints }: GrantListEntry): string | undefined {
  const { EncryptionContextEquals, EncryptionContextSubset } = Constraints ?? {};
  const context = { ...EncryptionContextSubset, ...EncryptionContextEquals };
  return volumeNames.map((name) => context[name]).find((volume) => volume !== undefined);
}

/** A grant, and who made it as far as the trail says. */
export interface ShownGrant extends GrantListEntry {
  readonly maker: string | undefined;
}

/** Maximum number of pages of events that are searched for who made grants. */
const makerPageCountMax = 4;

/** Who made the grants of the last 90 days, by their ids. A grant names only the account of its maker. */
async function makersOf(ids: ReadonlySet<string>): Promise<ReadonlyMap<string, string>> {
  const attribute = { AttributeKey: 'EventName', AttributeValue: 'CreateGrant' } as const;
  const makers = new Map<string, string>();
  let token: string | undefined;
  for (let count = 0; count < makerPageCountMax && makers.size < ids.size; count += 1) {
    const { items, next } = await lookUpEvents({ attribute }, token);
    for (const event of items) {
      const { grantId } = event.record.responseElements ?? {};
      if (grantId !== undefined && ids.has(grantId)) makers.set(grantId, whoOf(event));
    }
    token = next;
    if (token === undefined) break;
  }
  return makers;
}

/** Looks up who made grants. */
export async function withMakers(
  grants: readonly GrantListEntry[],
): Promise<readonly ShownGrant[]> {
  const ids = new Set(grants.map(({ GrantId = '' }) => GrantId));
  // Who may list grants need not be allowed to read the trail.
  const makers = await makersOf(ids).catch(() => new Map<string, string>());
  return grants.map((grant) => ({ ...grant, maker: makers.get(grant.GrantId ?? '') }));
}

/** Maximum number of grants that are examined. */
const grantCountMax = 1000;

/** The grants of a key, and whether there are more. */
export async function grantsOf(arn: string) {
  const found: GrantListEntry[] = [];
  let Marker: string | undefined;
  do {
    const page: ListGrantsCommandOutput = await kms().send(
      new ListGrantsCommand({ KeyId: arn, Limit: 100, Marker }),
    );
    found.push(...(page.Grants ?? []));
    Marker = page.NextMarker;
  } while (Marker !== undefined && found.length < grantCountMax);
  return { found, hasMore: Marker !== undefined };
}

/**
 * Returns the time since which the data keys of volumes are wrapped under a key. This is the creation time
 * of the newest grant for these volumes: the service creates one with each volume, and when it wraps the
 * data keys under another KMS key. Returns undefined if there is no such grant.
 */
export async function underKeySince(
  arn: string,
  volumes: readonly string[],
): Promise<Date | undefined> {
  const { found } = await grantsOf(arn);
  const times = found
    .filter((grant) => volumes.includes(volumeOf(grant) ?? ''))
    .flatMap(({ CreationDate }) => CreationDate?.getTime() ?? []);
  return times.length === 0 ? undefined : new Date(Math.max(...times));
}
