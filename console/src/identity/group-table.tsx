// The groups of the account.

import { type Group, ListGroupsCommand } from '@aws-sdk/client-iam';
import type { TableProps } from '@cloudscape-design/components/table';
import { PagedTable } from '../parts/paged-table.tsx';
import { Time } from '../parts/time.tsx';
import { iam, pageItems, pageOf } from './iam-calls.ts';

const columns: readonly TableProps.ColumnDefinition<Group>[] = [
  { id: 'name', header: 'Group', isRowHeader: true, cell: (group) => group.GroupName },
  { id: 'arn', header: 'ARN', width: 400, cell: (group) => group.Arn },
  { id: 'created', header: 'Created', cell: (group) => <Time at={group.CreateDate} /> },
];

/** Lists the groups. */
export function GroupTable() {
  return (
    <PagedTable
      title="Groups"
      queryKey={['iam-groups']}
      load={async (Marker) => {
        const page = await iam().send(new ListGroupsCommand({ MaxItems: pageItems, Marker }));
        return pageOf(page.Groups, page);
      }}
      columns={columns}
      idOf={({ GroupId = '' }) => GroupId}
      empty="There are no groups."
    />
  );
}
