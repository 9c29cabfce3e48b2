// The grants of a key, and who made them.

import { type GrantListEntry, ListGrantsCommand } from '@aws-sdk/client-kms';
import type { TableProps } from '@cloudscape-design/components/table';
import { PagedTable } from '../parts/paged-table.tsx';
import { Time } from '../parts/time.tsx';
import { contextOf, type ShownGrant, volumeOf, withMakers } from './grants.ts';
import { kms } from './key-calls.ts';

const columns: readonly TableProps.ColumnDefinition<ShownGrant>[] = [
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
    width: 220,
    cell: (grant) => grant.Operations?.join(', '),
  },
  {
    id: 'issuer',
    header: 'Made by',
    width: 140,
    cell: ({ maker, IssuingAccount: account = '' }) => maker ?? `The account ${accountOf(account)}`,
  },
  { id: 'created', header: 'Made', cell: (grant) => <Time at={grant.CreationDate} /> },
  {
    id: 'retiring',
    header: 'Who may retire it',
    cell: (grant) => grant.RetiringPrincipal ?? '–',
  },
];

/** The number of an account, whose ARN is that of its root user. */
function accountOf(arn: string): string {
  return /^arn:[^:]+:iam::(\d+):root$/.exec(arn)?.[1] ?? arn;
}

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
      description="A broker uses the key only through its grants. The trail says who made those of the last 90 days."
      queryKey={['grants', keyId, volumes]}
      load={async (Marker) => {
        const page = await kms().send(new ListGrantsCommand({ KeyId: keyId, Limit: 50, Marker }));
        const items = await withMakers((page.Grants ?? []).filter(isShown));
        return { items, next: page.NextMarker };
      }}
      columns={columns}
      idOf={({ GrantId = '' }) => GrantId}
      empty="There are no grants."
    />
  );
}
