// The list of connections.

import { NameLink } from '../../broker/name.tsx';
import { printable } from '../../parts/printable.ts';
import type { Connection } from '../model.ts';
import { countColumn } from '../parts/count-column.ts';
import { ListTable } from '../parts/list-table.tsx';

/** Lists connections. */
export default function ConnectionList() {
  return (
    <ListTable<Connection>
      title="Connections"
      isPage
      list="connections"
      idOf={({ id }) => id}
      empty="There are no connections."
      columns={[
        {
          id: 'id',
          width: 300,
          header: 'Client',
          sortingField: 'id',
          isRowHeader: true,
          cell: ({ id }) => <NameLink area="connections" parts={[id]} />,
        },
        { id: 'user', header: 'User', sortingField: 'user', cell: ({ user }) => printable(user) },
        {
          id: 'protocol',
          header: 'Protocol',
          sortingField: 'protocol',
          cell: ({ protocol }) => protocol ?? '–',
        },
        {
          id: 'client',
          width: 260,
          header: 'Client ID',
          sortingField: 'clientId',
          cell: ({ clientId }) => printable(clientId ?? '') || '–',
        },
        countColumn('sessionCount', 'Sessions'),
      ]}
    />
  );
}
