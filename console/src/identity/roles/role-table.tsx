// The roles of the account, and whom they trust.

import { ListRolesCommand, type Role } from '@aws-sdk/client-iam';
import Button from '@cloudscape-design/components/button';
import Link from '@cloudscape-design/components/link';
import type { TableProps } from '@cloudscape-design/components/table';
import { useState } from 'react';
import { JsonDialog } from '../../parts/json-dialog.tsx';
import { PagedTable } from '../../parts/paged-table.tsx';
import { Time } from '../../parts/time.tsx';
import { href } from '../../router.ts';
import { documentOf, iam, pageItems, pageOf } from '../iam-calls.ts';
import { CreateRole } from './role-create.tsx';

/** Lists the roles, and creates them. */
export function RoleTable() {
  const [shown, setShown] = useState<Role>();
  const [isCreating, setCreating] = useState(false);
  const columns: readonly TableProps.ColumnDefinition<Role>[] = [
    {
      id: 'name',
      header: 'Role',
      isRowHeader: true,
      cell: ({ RoleName = '' }) => (
        <Link href={href('identity', 'roles', RoleName)}>{RoleName}</Link>
      ),
    },
    { id: 'arn', header: 'ARN', width: 400, cell: (role) => role.Arn },
    { id: 'created', header: 'Created', cell: (role) => <Time at={role.CreateDate} /> },
    {
      id: 'trust',
      header: 'Trust policy',
      cell: (role) => (
        <Button
          variant="inline-link"
          ariaLabel={`Show whom ${role.RoleName} trusts`}
          onClick={() => setShown(role)}
        >
          Show
        </Button>
      ),
    },
  ];
  return (
    <>
      <PagedTable
        title="Roles"
        queryKey={['iam-roles']}
        load={async (Marker) => {
          const page = await iam().send(new ListRolesCommand({ MaxItems: pageItems, Marker }));
          return pageOf(page.Roles, page);
        }}
        columns={columns}
        idOf={({ RoleId = '' }) => RoleId}
        empty="There are no roles."
        actions={<Button onClick={() => setCreating(true)}>Create role</Button>}
      />
      {isCreating && <CreateRole onEnd={() => setCreating(false)} />}
      {shown && (
        <JsonDialog
          title={`Whom ${shown.RoleName} trusts`}
          text={documentOf(shown.AssumeRolePolicyDocument)}
          onEnd={() => setShown(undefined)}
        />
      )}
    </>
  );
}
