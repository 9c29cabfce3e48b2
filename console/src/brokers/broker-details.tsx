// What describes a broker: its endpoints, settings and pending changes.

import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import Link from '@cloudscape-design/components/link';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { Copied } from '../parts/copied.tsx';
import { type Detail, Details } from '../parts/details.tsx';
import { Time } from '../parts/time.tsx';
import { href } from '../router.ts';
import type { Broker } from './broker-calls.ts';
import { deployment, words } from './broker-state.tsx';

/** The details of a broker. */
export function BrokerDetails({ broker }: { readonly broker: Broker }) {
  return (
    <SpaceBetween size="l">
      <PendingChanges broker={broker} />
      <Container header={<Header variant="h2">Endpoints</Header>}>
        <Endpoints broker={broker} />
      </Container>
      <Container header={<Header variant="h2">Settings</Header>}>
        <Details items={settingsOf(broker)} />
      </Container>
    </SpaceBetween>
  );
}

function Endpoints({ broker }: { readonly broker: Broker }) {
  const urls = (broker.BrokerInstances ?? []).flatMap((each) => each.Endpoints ?? []);
  if (urls.length === 0) {
    return <StatusIndicator type="pending">There are none until the broker runs.</StatusIndicator>;
  }
  const consoles = (broker.BrokerInstances ?? []).flatMap((each) => each.ConsoleURL ?? []);
  return (
    <SpaceBetween size="xs">
      {urls.map((url) => (
        <div key={url}>
          <Copied value={url} what="endpoint" />
        </div>
      ))}
      {consoles.map((url) => (
        <div key={url}>
          Queues and messages: the broker's own console at{' '}
          <Link href={url} external externalIconAriaLabel="Opens in a new tab">
            {url}
          </Link>
        </div>
      ))}
    </SpaceBetween>
  );
}

function settingsOf(broker: Broker): Detail[] {
  const { MaintenanceWindowStartTime: window, EncryptionOptions: encryption } = broker;
  const { General: hasLog, GeneralLogGroup: log = '' } = broker.Logs ?? {};
  return [
    { label: 'ARN', value: <Copied value={broker.BrokerArn ?? ''} what="ARN" /> },
    { label: 'Engine', value: `${broker.EngineType} ${broker.EngineVersion}` },
    { label: 'Deployment', value: deployment(broker.DeploymentMode) },
    { label: 'Type of instance', value: broker.HostInstanceType },
    { label: 'Created', value: <Time at={broker.Created} /> },
    { label: 'Log-ins', value: words(broker.AuthenticationStrategy ?? 'simple') },
    {
      label: 'Key',
      value: (
        <Link href={href('brokers', broker.BrokerId ?? '', 'data-protection')}>
          {keyName(encryption)}
        </Link>
      ),
    },
    {
      label: 'Maintenance',
      value: `${words(window?.DayOfWeek ?? '')} ${window?.TimeOfDay ?? ''} ${window?.TimeZone ?? ''}`,
    },
    {
      label: 'Log',
      value: hasLog === true ? <Link href={href('logs', log)}>{log}</Link> : 'None',
    },
  ];
}

/** What the key of a broker is called. */
export function keyName(encryption: Broker['EncryptionOptions']): string {
  if (encryption?.UseAwsOwnedKey === true) return 'Key of the service';
  return encryption?.KmsKeyId?.replace(/^.*key\//, '') ?? 'alias/aws/mq';
}

/** Changes that the next reboot applies. */
function PendingChanges({ broker }: { readonly broker: Broker }) {
  const items: Detail[] = [];
  const add = (label: string, value: string | undefined) => {
    if (value !== undefined) items.push({ label, value });
  };
  add('Version', broker.PendingEngineVersion);
  add('Type of instance', broker.PendingHostInstanceType);
  add('Log-ins', broker.PendingAuthenticationStrategy);
  const { Configurations, Logs } = broker;
  const { Id, Revision } = Configurations?.Pending ?? {};
  if (Id !== undefined) add('Configuration', `${Id}, revision ${Revision}`);
  if (Logs?.Pending) {
    const { General, Audit } = Logs.Pending;
    add(
      'Logs',
      `general ${General ? 'on' : 'off'}${Audit === undefined ? '' : `, audit ${Audit ? 'on' : 'off'}`}`,
    );
  }
  const users = (broker.Users ?? []).filter((user) => user.PendingChange !== undefined);
  for (const { Username = '', PendingChange = '' } of users) {
    add(`User ${Username}`, words(PendingChange));
  }
  if (items.length === 0) return null;
  return (
    <Container
      header={
        <Header
          variant="h2"
          description="They are applied by a reboot, or in the maintenance window."
        >
          Pending changes
        </Header>
      }
    >
      <Details items={items} />
    </Container>
  );
}
