// The list of connections.

import { NameLink } from '../../broker/name.tsx';
import { bytesText, countText } from '../../broker/numbers.ts';
import { printable } from '../../parts/printable.ts';
import { timeText } from '../../parts/time.tsx';
import type { Connection } from '../model.ts';
import { ListTable } from '../parts/list-table.tsx';

/** Lists connections. */
export default function ConnectionList() {
  return (
    <ListTable<Connection>
      title="Connections"
      isPage
      path={['connections']}
      idOf={({ name }) => name}
      empty="There are no connections that you may see."
      columns={[
        {
          id: 'name',
          width: 240,
          header: 'Name',
          sortingField: 'name',
          isRowHeader: true,
          cell: ({ name, user_provided_name: given }) => (
            <>
              <NameLink area="connections" parts={[name]} />
              {given !== undefined && ` ${printable(given)}`}
            </>
          ),
        },
        {
          id: 'user',
          width: 110,
          header: 'User',
          sortingField: 'user',
          cell: ({ user }) => printable(user),
        },
        {
          id: 'vhost',
          width: 110,
          header: 'Virtual host',
          sortingField: 'vhost',
          cell: ({ vhost }) => printable(vhost),
        },
        {
          id: 'protocol',
          width: 130,
          header: 'Protocol',
          sortingField: 'protocol',
          cell: (c) => c.protocol,
        },
        {
          id: 'state',
          width: 110,
          header: 'State',
          sortingField: 'state',
          cell: ({ state }) => state,
        },
        {
          id: 'channels',
          width: 130,
          header: 'Channels',
          sortingField: 'channels',
          cell: ({ channels }) => countText(channels),
        },
        {
          id: 'received',
          width: 130,
          header: 'Received',
          sortingField: 'recv_oct',
          cell: (c) => bytesText(c.recv_oct),
        },
        {
          id: 'sent',
          width: 105,
          header: 'Sent',
          sortingField: 'send_oct',
          cell: (c) => bytesText(c.send_oct),
        },
        {
          id: 'since',
          width: 165,
          header: 'Connected since',
          sortingField: 'connected_at',
          cell: (c) =>
            timeText(c.connected_at === undefined ? undefined : new Date(c.connected_at)),
        },
      ]}
    />
  );
}
