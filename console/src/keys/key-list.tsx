// The list of keys.

import Button from '@cloudscape-design/components/button';
import Link from '@cloudscape-design/components/link';
import type { TableProps } from '@cloudscape-design/components/table';
import { PagedTable } from '../parts/paged-table.tsx';
import { Time } from '../parts/time.tsx';
import { href } from '../router.ts';
import { type ListedKey, listKeys } from './key-calls.ts';
import { KeyState } from './key-state.tsx';

const columns: readonly TableProps.ColumnDefinition<ListedKey>[] = [
  {
    id: 'id',
    header: 'Key',
    width: 320,
    isRowHeader: true,
    cell: ({ metadata: { KeyId = '' } }) => <Link href={href('keys', KeyId)}>{KeyId}</Link>,
  },
  {
    id: 'alias',
    header: 'Alias',
    cell: ({ aliases }) => aliases.map((each) => each.AliasName).join(', ') || '–',
  },
  {
    id: 'state',
    header: 'State',
    cell: ({ metadata, problem }) => problem ?? <KeyState state={metadata.KeyState} />,
  },
  {
    id: 'manager',
    header: 'Managed by',
    cell: ({ metadata }) => (metadata.KeyManager === 'AWS' ? 'The service' : 'You'),
  },
  {
    id: 'spec',
    header: 'Type',
    width: 200,
    cell: ({ metadata }) => metadata.KeySpec ?? '–',
  },
  {
    id: 'created',
    header: 'Created',
    cell: ({ metadata }) => <Time at={metadata.CreationDate} />,
  },
];

/** Lists the keys of the account. */
export default function KeyList() {
  return (
    <PagedTable
      isPage
      title="Keys"
      queryKey={['keys']}
      load={listKeys}
      columns={columns}
      idOf={({ metadata }) => metadata.KeyId ?? ''}
      empty="There are no keys."
      actions={
        <Button variant="primary" href={href('keys', 'new')}>
          Create key
        </Button>
      }
    />
  );
}
