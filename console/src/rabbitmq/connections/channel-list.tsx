// The list of channels.

import type { Channel } from '../model.ts';
import { ListTable } from '../parts/list-table.tsx';
import { channelColumns } from './channel-columns.tsx';

/** Lists channels. */
export default function ChannelList() {
  return (
    <ListTable<Channel>
      title="Channels"
      isPage
      path={['channels']}
      columns={channelColumns}
      idOf={({ name }) => name}
      empty="There are no channels that you may see."
    />
  );
}
