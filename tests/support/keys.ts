// Changes of the state of keys.

import {
  CancelKeyDeletionCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  type GrantListEntry,
  type KMSClient,
  ListGrantsCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';

/** Makes a key unusable. */
export async function disableKey(kms: KMSClient, KeyId: string): Promise<void> {
  await kms.send(new DisableKeyCommand({ KeyId }));
}

/** Makes a key that was disabled usable. */
export async function enableKey(kms: KMSClient, KeyId: string): Promise<void> {
  await kms.send(new EnableKeyCommand({ KeyId }));
}

/** Has a key deleted in a week. */
export async function scheduleDeletion(kms: KMSClient, KeyId: string): Promise<void> {
  await kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
}

/** Takes the deletion of a key back, which leaves it disabled. */
export async function cancelDeletion(kms: KMSClient, KeyId: string): Promise<void> {
  await kms.send(new CancelKeyDeletionCommand({ KeyId }));
}

/** The grants on a key. */
export async function grantsOn(kms: KMSClient, KeyId: string): Promise<GrantListEntry[]> {
  const { Grants = [] } = await kms.send(new ListGrantsCommand({ KeyId }));
  return Grants;
}
