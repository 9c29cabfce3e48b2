// What of a broker is encrypted, under which key, and since when.

import Header from '@cloudscape-design/components/header';
import Table from '@cloudscape-design/components/table';
import type { ReactNode } from 'react';
import { type Broker, isOfService } from '../brokers/broker-calls.ts';
import { keyName } from '../brokers/broker-details.tsx';
import { Time } from '../parts/time.tsx';

interface Row {
  readonly what: string;
  readonly how: string;
  readonly key: string;
  readonly since: ReactNode;
}

interface WhatIsEncryptedProps {
  readonly broker: Broker;
  /** The ARN of the KMS key, if it is known. */
  readonly keyArn: string | undefined;
  /** Since when the data keys are wrapped under it, as far as it is known. */
  readonly keySince: Date | undefined;
}

/** Lists the data of a broker with its keys. */
export function WhatIsEncrypted(props: WhatIsEncryptedProps) {
  return (
    <Table
      header={
        <Header variant="h2" description="There is no setting that turns encryption at rest off.">
          What is encrypted
        </Header>
      }
      items={rowsOf(props)}
      trackBy="what"
      wrapLines
      ariaLabels={{ tableLabel: 'What is encrypted' }}
      columnDefinitions={[
        { id: 'what', header: 'Data', isRowHeader: true, cell: ({ what }) => what },
        { id: 'how', header: 'Encrypted with', cell: ({ how }) => how },
        { id: 'key', header: 'Under', cell: ({ key }) => key },
        { id: 'since', header: 'Since', cell: ({ since }) => since },
      ]}
    />
  );
}

function rowsOf({ broker, keyArn, keySince }: WhatIsEncryptedProps): Row[] {
  const since = <Time at={broker.Created} />;
  const volumeKey = keyArn ?? keyName(broker.EncryptionOptions);
  const aead = 'AES-256-GCM with a data key of 256 bits';
  const rows: Row[] = [
    {
      what: 'Messages, queues and bindings, users of the broker with hashes of their passwords',
      how: isOfService(broker)
        ? `${aead} of the broker's volume`
        : 'AES-256-GCM (gocryptfs) below the installed engine, opened with data keys of 256 bits',
      key: volumeKey,
      since: <Time at={keySince} />,
    },
    {
      what: 'What the service knows of the broker: name, tags, settings, trail',
      how: `${aead} of the system volume`,
      key: 'The root key of the service',
      since,
    },
  ];
  if (broker.Logs?.General !== true) return rows;
  const log = {
    what: 'Log of the broker',
    how: `${aead} of the logs volume`,
    key: 'A key in the system volume, under the root key',
    since,
  };
  return [...rows, log];
}
