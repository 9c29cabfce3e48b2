// The columns of lists of channels.

import type { Column } from '../../broker/list-view.tsx';
import { NameLink } from '../../broker/name.tsx';
import { countText } from '../../broker/numbers.ts';
import { printable } from '../../parts/printable.ts';
import type { Channel } from '../model.ts';

/** What a channel does. */
export function modeText({ confirm, transactional }: Channel): string {
  if (transactional) return 'transactions';
  return confirm ? 'confirms' : '–';
}

/** The columns. */
export const channelColumns: readonly Column<Channel>[] = [
  {
    id: 'name',
    width: 240,
    header: 'Name',
    sortingField: 'name',
    isRowHeader: true,
    cell: ({ name }) => <NameLink area="channels" parts={[name]} />,
  },
  {
    id: 'user',
    width: 110,
    header: 'User',
    sortingField: 'user',
    cell: ({ user }) => printable(user),
  },
  { id: 'mode', width: 100, header: 'Mode', cell: modeText },
  { id: 'state', width: 110, header: 'State', sortingField: 'state', cell: ({ state }) => state },
  {
    id: 'consumers',
    width: 135,
    header: 'Consumers',
    sortingField: 'consumer_count',
    cell: (channel) => countText(channel.consumer_count),
  },
  {
    id: 'prefetch',
    width: 120,
    header: 'Prefetch',
    sortingField: 'prefetch_count',
    cell: (channel) => countText(channel.prefetch_count),
  },
  {
    id: 'unacked',
    width: 180,
    header: 'Unacknowledged',
    sortingField: 'messages_unacknowledged',
    cell: (channel) => countText(channel.messages_unacknowledged),
  },
  {
    id: 'unconfirmed',
    width: 160,
    header: 'Unconfirmed',
    sortingField: 'messages_unconfirmed',
    cell: (channel) => countText(channel.messages_unconfirmed),
  },
];
