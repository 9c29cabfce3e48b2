// The topic permissions of a user.

import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import { TextField } from '../../parts/fields.tsx';
import { printable } from '../../parts/printable.ts';
import { useChange } from '../../parts/use-change.ts';
import { call } from '../api.ts';
import { exchangePart, exchangeText, type TopicPermission } from '../model.ts';
import { DeleteDialog } from '../parts/delete-dialog.tsx';
import { ListTable } from '../parts/list-table.tsx';
import { useVhostChoice, VhostSelect } from '../parts/vhost-select.tsx';

/** Lists topic permissions, and changes them. */
export function TopicPermissionTable({ user }: { readonly user: string }) {
  const [isCreating, setCreating] = useState(false);
  const [deleted, setDeleted] = useState<TopicPermission>();
  return (
    <>
      <ListTable<TopicPermission>
        title="Topic permissions"
        description="Regular expressions for the routing keys of topic exchanges. Without any, all keys are permitted."
        path={['users', user, 'topic-permissions']}
        idOf={({ vhost, exchange }) => JSON.stringify([vhost, exchange])}
        empty="There are no topic permissions."
        hasFilter={false}
        isLive={false}
        actions={<Button onClick={() => setCreating(true)}>Set topic permissions</Button>}
        columns={[
          {
            id: 'vhost',
            header: 'Virtual host',
            isRowHeader: true,
            cell: ({ vhost }) => printable(vhost),
          },
          {
            id: 'exchange',
            header: 'Exchange',
            cell: ({ exchange }) => printable(exchangeText(exchange)),
          },
          { id: 'write', header: 'Write', cell: ({ write }) => <code>{printable(write)}</code> },
          { id: 'read', header: 'Read', cell: ({ read }) => <code>{printable(read)}</code> },
          {
            id: 'actions',
            header: 'Actions',
            cell: (permission) => (
              <Button
                variant="inline-link"
                ariaLabel={`Clear topic permissions for ${printable(exchangeText(permission.exchange))}`}
                onClick={() => setDeleted(permission)}
              >
                Clear
              </Button>
            ),
          },
        ]}
      />
      {isCreating && <TopicPermissionForm user={user} onEnd={() => setCreating(false)} />}
      {deleted && (
        <DeleteDialog
          kind="exchange"
          name={exchangeText(deleted.exchange)}
          path={['topic-permissions', deleted.vhost, user, exchangePart(deleted.exchange)]}
          action="Clear topic permissions for"
          done={`The topic permissions of ${printable(user)} are cleared.`}
          reads={['users']}
          onEnd={() => setDeleted(undefined)}
        >
          The user may then use all routing keys of the exchange.
        </DeleteDialog>
      )}
    </>
  );
}

function TopicPermissionForm({
  user,
  onEnd,
}: {
  readonly user: string;
  readonly onEnd: () => void;
}) {
  const [vhost, setVhost] = useVhostChoice();
  const [exchange, setExchange] = useState('amq.topic');
  const [write, setWrite] = useState('.*');
  const [read, setRead] = useState('.*');
  const save = useChange({
    call: () =>
      call('PUT', ['topic-permissions', vhost, user], { body: { exchange, write, read } }),
    done: `The topic permissions of ${printable(user)} are set.`,
    reads: ['users'],
    onDone: onEnd,
  });
  return (
    <ConfirmDialog
      title="Set topic permissions"
      action="Set topic permissions"
      change={save}
      isReady={vhost !== '' && exchange !== ''}
      onDismiss={onEnd}
    >
      <SpaceBetween size="m">
        <FormField label="Virtual host">
          <VhostSelect value={vhost} onChange={setVhost} />
        </FormField>
        <TextField label="Exchange" value={exchange} onChange={setExchange} />
        <TextField label="Write" value={write} onChange={setWrite} />
        <TextField label="Read" value={read} onChange={setRead} />
      </SpaceBetween>
    </ConfirmDialog>
  );
}
