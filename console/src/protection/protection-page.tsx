// How the data of one broker is protected, on one page that can be printed.

import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { callAdministration } from '../aws/administration.ts';
import { type Broker, isRefused, useBroker } from '../brokers/broker-calls.ts';
import { BrokerState } from '../brokers/broker-state.tsx';
import { DisableKey } from '../keys/disable-key.tsx';
import { GrantTable } from '../keys/grant-table.tsx';
import { underKeySince } from '../keys/grants.ts';
import { useKey } from '../keys/key-calls.ts';
import { Crumbs } from '../parts/crumbs.tsx';
import { ErrorAlert } from '../parts/error-alert.tsx';
import { printable } from '../parts/printable.ts';
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
  const isShown = broker.data !== undefined && !isRefused(broker.error);
  const name = broker.data?.BrokerName ?? id;
  return (
    <SpaceBetween size="l">
      <Crumbs
        items={[
          { text: 'Brokers', href: href('brokers') },
          { text: name, href: href('brokers', id) },
          { text: 'Data protection', href: href('brokers', id, 'data-protection') },
        ]}
      />
      {isShown || <Header variant="h1">Data protection of {printable(name)}</Header>}
      <ErrorAlert error={broker.error} />
      {broker.isLoading && <Spinner size="large" />}
      {isShown && <ProtectionView broker={broker.data} />}
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
  const keySince = useKeySince(broker, arn, volumes.data);
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
      <WhatIsEncrypted broker={broker} keyArn={arn} keySince={keySince} />
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

/** Since when the data keys are under the key of the broker. A key of the service has no grants to see. */
function useKeySince(broker: Broker, arn: string | undefined, found: Volumes | undefined) {
  const volumes = found?.volumes.map(({ volumeId }) => volumeId) ?? [];
  const hasGrants = arn !== undefined && volumes.length > 0;
  const grants = useQuery({
    queryKey: ['grants', arn, 'since', volumes],
    enabled: hasGrants,
    queryFn: async () => (await underKeySince(arn ?? '', volumes)) ?? null,
  });
  if (hasGrants) return grants.data ?? undefined;
  // Installed engines tell of no volumes, and their data keys may be wrapped under another key later.
  return broker.EncryptionOptions?.UseAwsOwnedKey === true ? broker.Created : undefined;
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
