// The page of a broker.

import { RebootBrokerCommand } from '@aws-sdk/client-mq';
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import Tabs from '@cloudscape-design/components/tabs';
import { useState } from 'react';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { Crumbs } from '../parts/crumbs.tsx';
import { ErrorAlert } from '../parts/error-alert.tsx';
import { printable } from '../parts/printable.ts';
import { useChange } from '../parts/use-change.ts';
import { href, type Route } from '../router.ts';
import { type Broker, isRefused, mq, useBroker } from './broker-calls.ts';
import { BrokerConfiguration } from './broker-configuration.tsx';
import { BrokerDetails } from './broker-details.tsx';
import { BrokerState } from './broker-state.tsx';
import { BrokerTags } from './broker-tags.tsx';
import { BrokerUsers } from './broker-users.tsx';
import { DeleteBroker } from './delete-broker.tsx';

/** Shows a broker, and changes it. */
export default function BrokerPage({ route }: { readonly route: Route }) {
  const [, id = ''] = route.parts;
  const broker = useBroker(id);
  const isShown = broker.data !== undefined && !isRefused(broker.error);
  return (
    <SpaceBetween size="l">
      <Crumbs
        items={[
          { text: 'Brokers', href: href('brokers') },
          { text: broker.data?.BrokerName ?? id, href: href('brokers', id) },
        ]}
      />
      {isShown || <Header variant="h1">{printable(id)}</Header>}
      <ErrorAlert error={broker.error} />
      {broker.isLoading && <Spinner size="large" />}
      {isShown && <BrokerView broker={broker.data} />}
    </SpaceBetween>
  );
}

function BrokerView({ broker }: { readonly broker: Broker }) {
  const { BrokerId: id = '', BrokerName: name = '', BrokerState: state } = broker;
  const [asked, setAsked] = useState<'reboot' | 'delete'>();
  return (
    <SpaceBetween size="l">
      <Header
        variant="h1"
        description={<BrokerState state={state} />}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <ButtonDropdown
              items={[
                { id: 'reboot', text: 'Reboot', disabled: state !== 'RUNNING' },
                { id: 'delete', text: 'Delete' },
              ]}
              onItemClick={({ detail }) => setAsked(detail.id as 'reboot' | 'delete')}
            >
              Actions
            </ButtonDropdown>
            <Button variant="primary" href={href('brokers', id, 'data-protection')}>
              Data protection
            </Button>
          </SpaceBetween>
        }
      >
        {name}
      </Header>
      <ActionsRequired broker={broker} />
      <Tabs
        tabs={[
          { id: 'details', label: 'Details', content: <BrokerDetails broker={broker} /> },
          { id: 'users', label: 'Users', content: <BrokerUsers broker={broker} /> },
          {
            id: 'configuration',
            label: 'Configuration',
            content: <BrokerConfiguration broker={broker} />,
          },
          { id: 'tags', label: 'Tags', content: <BrokerTags broker={broker} /> },
        ]}
      />
      {asked === 'reboot' && <Reboot id={id} name={name} onEnd={() => setAsked(undefined)} />}
      {asked === 'delete' && <DeleteBroker id={id} name={name} onEnd={() => setAsked(undefined)} />}
    </SpaceBetween>
  );
}

/** What the service asks people to do before the broker can run. */
function ActionsRequired({ broker }: { readonly broker: Broker }) {
  return (broker.ActionsRequired ?? []).map(
    ({ ActionRequiredCode: code, ActionRequiredInfo: info }) => (
      <Alert key={code} type="error" header={code}>
        {info}{' '}
        {/KMS_KEY|ENCRYPTION/.test(code ?? '') && (
          <Box variant="span">
            The broker needs its key. Its <em>data protection</em> page says which one, and who
            disabled it.
          </Box>
        )}
      </Alert>
    ),
  );
}

interface RebootProps {
  readonly id: string;
  readonly name: string;
  readonly onEnd: () => void;
}

function Reboot({ id, name, onEnd }: RebootProps) {
  const reboot = useChange({
    call: () => mq().send(new RebootBrokerCommand({ BrokerId: id })),
    done: `The broker ${name} reboots.`,
    reads: ['broker', 'brokers'],
    onDone: onEnd,
  });
  return (
    <ConfirmDialog title={`Reboot ${name}`} action="Reboot" change={reboot} onDismiss={onEnd}>
      All clients are disconnected and can connect again when the broker runs. Pending changes are
      applied. Durable messages are kept; transient ones are lost.
    </ConfirmDialog>
  );
}
