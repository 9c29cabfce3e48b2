// Calls about keys that several pages make.

import {
  type AliasListEntry,
  DescribeKeyCommand,
  type KeyMetadata,
  KMSClient,
  ListAliasesCommand,
  ListKeysCommand,
} from '@aws-sdk/client-kms';
import { useQuery } from '@tanstack/react-query';
import { clientOf } from '../aws/clients.ts';

/** The client of the key service. */
export const kms = (): KMSClient => clientOf(KMSClient);

/** A key with its aliases. */
export interface ListedKey {
  readonly metadata: KeyMetadata;
  readonly aliases: readonly AliasListEntry[];
  /** The problem, if the caller may not describe the key. */
  readonly problem?: string;
}

/** Lists keys with what describes them, a page at a time. */
export async function listKeys(token: string | undefined) {
  const command = new ListKeysCommand({ Limit: 20, Marker: token });
  const { Keys = [], NextMarker } = await kms().send(command);
  const items = await Promise.all(Keys.map(({ KeyId = '' }) => listed(KeyId)));
  return { items, next: NextMarker };
}

async function listed(id: string): Promise<ListedKey> {
  try {
    const [metadata, aliases] = await Promise.all([describeKey(id), aliasesOf(id)]);
    return { metadata, aliases };
  } catch (error) {
    // A person may list keys that they may not describe.
    const problem = error instanceof Error ? error.name : String(error);
    return { metadata: { KeyId: id }, aliases: [], problem };
  }
}

/** Describes a key. @throws {Error} if there is none */
export async function describeKey(id: string): Promise<KeyMetadata> {
  const { KeyMetadata } = await kms().send(new DescribeKeyCommand({ KeyId: id }));
  if (KeyMetadata === undefined) throw new Error('The service did not describe the key.');
  return KeyMetadata;
}

/** The aliases of a key, at most 50. */
export async function aliasesOf(id: string): Promise<readonly AliasListEntry[]> {
  const command = new ListAliasesCommand({ KeyId: id, Limit: 50 });
  const { Aliases = [] } = await kms().send(command);
  return Aliases;
}

/** A key of the account, with its aliases. */
export function useKey(id: string | undefined) {
  return useQuery({
    queryKey: ['key', id],
    enabled: id !== undefined,
    queryFn: async (): Promise<ListedKey> => {
      const metadata = await describeKey(id ?? '');
      return { metadata, aliases: await aliasesOf(metadata.KeyId ?? '') };
    },
  });
}
