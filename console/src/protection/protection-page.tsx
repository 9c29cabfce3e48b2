// How the data of one broker is protected, on one page that can be printed.

import BreadcrumbGroup from '@cloudscape-design/components/breadcrumb-group';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { callAdministration } from '../aws/administration.ts';
import { type Broker, useBroker } from '../brokers/broker-calls.ts';
import { BrokerState } from '../brokers/broker-state.tsx';
import { DisableKey } from '../keys/disable-key.tsx';
import { GrantTable } from '../keys/grant-table.tsx';
import { useKey } from '../keys/key-calls.ts';
import { ErrorAlert } from '../parts/error-alert.tsx';
import { timeText } from '../parts/time.tsx';
import { href, type Route } from '../router.ts';
import { EventTable } from '../trail/event-table.tsx';
import { usesOf } from '../trail/events.ts';
import { BackupsSummary } from './backups-summary.tsx';
import { DataKeys, type Volumes } from './data-keys.tsx';
import { KeySummary } from './key-summary.tsx';
import { TransportSummary } from './transport-summary.tsx';
import { WhatIsEncrypted } from './what-is-encrypted.tsx';

/** Shows what protects the data of a broker. */
export default function ProtectionPage({ route }: { readonly route: Route }) {
  const [, id = ''] = route.parts;
  const broker = useBroker(id);
  const name = broker.data?.BrokerName ?? id;
  return (
    <SpaceBetween size="l">
      <BreadcrumbGroup
        ariaLabel="Breadcrumbs"
        items={[
          { text: 'Brokers', href: href('brokers') },
          { text: name, href: href('brokers', id) },
          { text: 'Data protection', href: href('brokers', id, 'data-protection') },
        ]}
      />
      <ErrorAlert error={broker.error} />
      {broker.isLoading && <Spinner size="large" />}
      {broker.data && <ProtectionView broker={broker.data} />}
    </SpaceBetween>
  );
}

function ProtectionView({ broker }: { readonly broker: Broker }) {
  const { BrokerId: id = '', BrokerName: name = '', BrokerState: state } = broker;
  const isServiceKey = broker.EncryptionOptions?.UseAwsOwnedKey === true;
  const volumes = useVolumes(id, state);
  const keyId = isServiceKey
    ? undefined
    : (broker.EncryptionOptions?.KmsKeyId ?? volumes.data?.broker.kmsKeyId ?? 'alias/aws/mq');
  const key = useKey(keyId);
  const arn = key.data?.metadata.Arn;
  const [isDisabling, setDisabling] = useState(false);
  const canDisable =
    key.data?.metadata.KeyManager === 'CUSTOMER' && key.data.metadata.KeyState === 'Enabled';
  return (
    <SpaceBetween size="l">
      <Header
        variant="h1"
        description={<BrokerState state={state} />}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button iconName="file" onClick={() => print()}>
              Print
            </Button>
            {canDisable && (
              <Button onClick={() => setDisabling(true)}>What if I disable the key?</Button>
            )}
          </SpaceBetween>
        }
      >
        Data protection of {name}
      </Header>
      <p className="console-only-printed">
        {broker.BrokerArn}, as of {timeText(new Date())}. Times are in the zone{' '}
        {Intl.DateTimeFormat().resolvedOptions().timeZone}.
      </p>
      <WhatIsEncrypted broker={broker} keyArn={arn} />
      <ErrorAlert error={key.error} />
      <KeySummary isServiceKey={isServiceKey} found={key.data} />
      <DataKeys state={state} volumes={volumes.data} error={volumes.error} />
      {arn !== undefined && (
        <SpaceBetween size="l">
          <GrantTable keyId={arn} {...volumesOf(volumes.data)} />
          <EventTable
            title="Who used the key"
            description="Calls that used or changed the key, from the trail, the newest first. Calls that only show it are left out."
            search={{ ...usesOf(arn), isReadLeftOut: true }}
          />
        </SpaceBetween>
      )}
      <TransportSummary broker={broker} />
      {broker.BrokerArn !== undefined && <BackupsSummary arn={broker.BrokerArn} />}
      {isDisabling && arn !== undefined && (
        <DisableKey
          arn={arn}
          name={key.data?.aliases[0]?.AliasName ?? arn.replace(/^.*key\//, '')}
          onEnd={() => setDisabling(false)}
        />
      )}
    </SpaceBetween>
  );
}

function volumesOf(found: Volumes | undefined) {
  const volumes = found?.volumes.map(({ volumeId }) => volumeId) ?? [];
  // Without the volumes of the broker, all grants of the key are shown.
  return volumes.length > 0 ? { volumes } : {};
}

/** The data keys of a broker, which only its running process knows. */
function useVolumes(id: string, state: string | undefined) {
  return useQuery({
    queryKey: ['broker', id, 'volumes', state],
    enabled: state === 'RUNNING',
    queryFn: () =>
      callAdministration<Volumes>(`/waxwing/v1/brokers/${encodeURIComponent(id)}/volume`, {}),
  });
}
