// The list of virtual hosts.

import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { NameLink } from '../../broker/name.tsx';
import { countText } from '../../broker/numbers.ts';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import { ChoiceField, TextField } from '../../parts/fields.tsx';
import { printable } from '../../parts/printable.ts';
import { useChange } from '../../parts/use-change.ts';
import { call } from '../api.ts';
import type { Vhost } from '../model.ts';
import { ListTable } from '../parts/list-table.tsx';
import { hasRole } from '../session/roles.ts';

/** Lists virtual hosts, and creates them. */
export default function VhostList() {
  const [isCreating, setCreating] = useState(false);
  return (
    <>
      <ListTable<Vhost>
        title="Virtual hosts"
        isPage
        path={['vhosts']}
        idOf={({ name }) => name}
        empty="There are no virtual hosts that you may use."
        actions={
          hasRole('administrator') && (
            <Button onClick={() => setCreating(true)}>Create virtual host</Button>
          )
        }
        columns={[
          {
            id: 'name',
            header: 'Name',
            sortingField: 'name',
            isRowHeader: true,
            cell: ({ name }) => <NameLink area="vhosts" parts={[name]} />,
          },
          {
            id: 'description',
            header: 'Description',
            cell: ({ description }) => printable(description),
          },
          {
            id: 'type',
            header: 'Usual type of queues',
            cell: (vhost) =>
              vhost.default_queue_type === 'undefined' ? '–' : vhost.default_queue_type,
          },
          {
            id: 'ready',
            header: 'Ready',
            sortingField: 'messages_ready',
            cell: (vhost) => countText(vhost.messages_ready),
          },
          {
            id: 'unacked',
            header: 'Unacknowledged',
            sortingField: 'messages_unacknowledged',
            cell: (vhost) => countText(vhost.messages_unacknowledged),
          },
        ]}
      />
      {isCreating && <CreateVhost onEnd={() => setCreating(false)} />}
    </>
  );
}

function CreateVhost({ onEnd }: { readonly onEnd: () => void }) {
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const [type, setType] = useState('undefined');
  const create = useChange({
    call: () => call('PUT', ['vhosts', name], { body: { description, default_queue_type: type } }),
    done: () => `The virtual host ${printable(name)} is created. Give users permissions there.`,
    reads: ['vhosts'],
    onDone: onEnd,
  });
  return (
    <ConfirmDialog
      title="Create virtual host"
      action="Create"
      change={create}
      isReady={name !== ''}
      onDismiss={onEnd}
    >
      <SpaceBetween size="m">
        <TextField label="Name" value={name} onChange={setName} />
        <TextField label="Description" value={description} onChange={setDescription} />
        <ChoiceField
          label="Usual type of queues"
          description="For queues that clients declare without a type."
          value={type}
          onChange={setType}
          choices={{
            undefined: 'That of the broker',
            quorum: 'Quorum queue',
            classic: 'Classic queue',
            stream: 'Stream',
          }}
        />
      </SpaceBetween>
    </ConfirmDialog>
  );
}
