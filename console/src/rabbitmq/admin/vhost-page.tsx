// The page of a virtual host.

import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import { useState } from 'react';
import { Facts } from '../../broker/facts.tsx';
import { Head } from '../../broker/head.tsx';
import { ErrorAlert } from '../../parts/error-alert.tsx';
import { printable } from '../../parts/printable.ts';
import { open, type Route } from '../../router.ts';
import type { Vhost } from '../model.ts';
import { DeleteDialog } from '../parts/delete-dialog.tsx';
import { historyQuery, MessagePlots } from '../parts/rates.tsx';
import { hasRole } from '../session/roles.ts';
import { useApi } from '../use-api.ts';
import { PermissionTable } from './permission-table.tsx';

/** Shows a virtual host with the permissions there, and deletes it. */
export default function VhostPage({ route }: { readonly route: Route }) {
  const [, name = ''] = route.parts;
  const vhost = useApi<Vhost>(['vhosts', name], { query: historyQuery });
  const [isDeleting, setDeleting] = useState(false);
  const isAdministrator = hasRole('administrator');
  const { data } = vhost;
  return (
    <SpaceBetween size="l">
      <Head
        area={['vhosts', 'Virtual hosts']}
        parts={[name]}
        title={name}
        description={data && printable(data.description)}
        actions={
          data && isAdministrator && <Button onClick={() => setDeleting(true)}>Delete</Button>
        }
      />
      <ErrorAlert error={vhost.error} />
      {vhost.isLoading && <Spinner size="large" />}
      {data && (
        <SpaceBetween size="l">
          <MessagePlots stats={data.message_stats} lengths={data} />
          <Facts
            title="Details"
            items={{
              'Usual type of queues':
                data.default_queue_type === 'undefined' ? '–' : data.default_queue_type,
              Tags: data.tags.length === 0 ? '–' : data.tags.map(printable).join(', '),
            }}
          />
          {isAdministrator && <PermissionTable of={{ vhost: name }} />}
        </SpaceBetween>
      )}
      {isDeleting && (
        <DeleteDialog
          kind="virtual host"
          name={name}
          path={['vhosts', name]}
          isTyped
          reads={['vhosts', 'queues', 'exchanges', 'policies', 'overview']}
          onDone={() => open('vhosts')}
          onEnd={() => setDeleting(false)}
        >
          All queues, exchanges, messages, policies and permissions there are deleted. Connections
          to it are closed.
        </DeleteDialog>
      )}
    </SpaceBetween>
  );
}
