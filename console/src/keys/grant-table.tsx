// The grants of a key, and who made them.

import { type GrantListEntry, ListGrantsCommand } from '@aws-sdk/client-kms';
import type { TableProps } from '@cloudscape-design/components/table';
import { PagedTable } from '../parts/paged-table.tsx';
import { Time } from '../parts/time.tsx';
import { kms } from './key-calls.ts';

/** The encryption context to which a grant is limited: `aws:ebs:id = vol-…` */
export function contextOf({ Constraints }: GrantListEntry): string {
  const { EncryptionContextEquals, EncryptionContextSubset } = Constraints ?? {};
  const context = { ...EncryptionContextSubset, ...EncryptionContextEquals };
  return Object.entries(context)
    .map(([key, value]) => `${key} = ${value}`)
    .join(', ');
}

/** The volume of a grant; undefined if it is not for one. */
export function volumeOf({ Constraints }: GrantListEntry): string | undefined {
  const { EncryptionContextEquals, EncryptionContextSubset } = Constraints ?? {};
  return EncryptionContextSubset?.['aws:ebs:id'] ?? EncryptionContextEquals?.['aws:ebs:id'];
}

const columns: readonly TableProps.ColumnDefinition<GrantListEntry>[] = [
  {
    id: 'grantee',
    header: 'Who may use the key',
    width: 165,
    isRowHeader: true,
    cell: (grant) => grant.GranteePrincipal,
  },
  {
    id: 'for',
    header: 'For',
    width: 140,
    cell: (grant) => contextOf(grant) || grant.Name || 'Everything',
  },
  {
    id: 'operations',
    header: 'Operations',
    width: 250,
    cell: (grant) => grant.Operations?.join(', '),
  },
  { id: 'issuer', header: 'Made by', cell: (grant) => grant.IssuingAccount },
  { id: 'created', header: 'Made', cell: (grant) => <Time at={grant.CreationDate} /> },
  {
    id: 'retiring',
    header: 'Who may retire it',
    cell: (grant) => grant.RetiringPrincipal ?? '–',
  },
];

interface GrantTableProps {
  readonly keyId: string;
  /** Only the grants of these volumes, and those of no volume; all without it. */
  readonly volumes?: readonly string[];
}

/** Lists the grants of a key. */
export function GrantTable({ keyId, volumes }: GrantTableProps) {
  const isShown = (grant: GrantListEntry) => {
    const volume = volumeOf(grant);
    return volumes === undefined || volume === undefined || volumes.includes(volume);
  };
  return (
    <PagedTable
      title="Grants"
      description="A broker uses the key only through its grants."
      queryKey={['grants', keyId, volumes]}
      load={async (Marker) => {
        const page = await kms().send(new ListGrantsCommand({ KeyId: keyId, Limit: 50, Marker }));
        return { items: (page.Grants ?? []).filter(isShown), next: page.NextMarker };
      }}
      columns={columns}
      idOf={({ GrantId = '' }) => GrantId}
      empty="There are no grants."
    />
  );
}
