// The configuration of a broker: the revision in use, and other ones.

import {
  type ConfigurationRevision,
  DescribeConfigurationRevisionCommand,
  ListConfigurationRevisionsCommand,
  UpdateBrokerCommand,
} from '@aws-sdk/client-mq';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { TableProps } from '@cloudscape-design/components/table';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ErrorAlert } from '../parts/error-alert.tsx';
import { JsonDialog } from '../parts/json-dialog.tsx';
import { PagedTable } from '../parts/paged-table.tsx';
import { Time } from '../parts/time.tsx';
import { useChange } from '../parts/use-change.ts';
import { type Broker, mq } from './broker-calls.ts';

/** Shows the revisions of a broker's configuration, and chooses one. */
export function BrokerConfiguration({ broker }: { readonly broker: Broker }) {
  const { Current, Pending } = broker.Configurations ?? {};
  const id = Current?.Id;
  if (id === undefined) return <Box>The broker has no configuration.</Box>;
  const { BrokerId = '' } = broker;
  const pending = Pending?.Id === id ? Pending.Revision : undefined;
  return <Revisions brokerId={BrokerId} id={id} current={Current?.Revision} pending={pending} />;
}

interface RevisionsProps {
  readonly brokerId: string;
  readonly id: string;
  readonly current: number | undefined;
  readonly pending: number | undefined;
}

function Revisions({ brokerId, id, current, pending }: RevisionsProps) {
  const [shown, setShown] = useState<number>();
  const choose = useChange<number>({
    call: (Revision) =>
      mq().send(
        new UpdateBrokerCommand({ BrokerId: brokerId, Configuration: { Id: id, Revision } }),
      ),
    done: (revision) => `Revision ${revision} is used after the next reboot.`,
    reads: ['broker'],
  });
  const columns: readonly TableProps.ColumnDefinition<ConfigurationRevision>[] = [
    {
      id: 'revision',
      header: 'Revision',
      isRowHeader: true,
      cell: ({ Revision }) => (
        <>
          {Revision}
          {Revision === current && ' (in use)'}
          {Revision === pending && ' (after the next reboot)'}
        </>
      ),
    },
    { id: 'created', header: 'Created', cell: (item) => <Time at={item.Created} /> },
    { id: 'description', header: 'Description', cell: (item) => item.Description ?? '–' },
    {
      id: 'actions',
      header: 'Actions',
      cell: ({ Revision = 0 }) => (
        <SpaceBetween direction="horizontal" size="s">
          <Button
            variant="inline-link"
            ariaLabel={`Show revision ${Revision}`}
            onClick={() => setShown(Revision)}
          >
            Show
          </Button>
          {Revision !== (pending ?? current) && (
            <Button
              variant="inline-link"
              ariaLabel={`Use revision ${Revision}`}
              onClick={() => choose.mutate(Revision)}
            >
              Use
            </Button>
          )}
        </SpaceBetween>
      ),
    },
  ];
  return (
    <SpaceBetween size="m">
      <ErrorAlert error={choose.error} />
      <PagedTable
        title="Revisions"
        description={`Of the configuration ${id}.`}
        queryKey={['revisions', id]}
        load={async (NextToken) => {
          const command = new ListConfigurationRevisionsCommand({
            ConfigurationId: id,
            MaxResults: 25,
            NextToken,
          });
          const page = await mq().send(command);
          return { items: page.Revisions ?? [], next: page.NextToken };
        }}
        columns={columns}
        idOf={({ Revision }) => String(Revision)}
        empty="There are no revisions."
      />
      {shown !== undefined && (
        <RevisionText id={id} revision={shown} onEnd={() => setShown(undefined)} />
      )}
    </SpaceBetween>
  );
}

interface RevisionTextProps {
  readonly id: string;
  readonly revision: number;
  readonly onEnd: () => void;
}

function RevisionText({ id, revision, onEnd }: RevisionTextProps) {
  const text = useQuery({
    queryKey: ['revision', id, revision],
    queryFn: async () => {
      const command = new DescribeConfigurationRevisionCommand({
        ConfigurationId: id,
        ConfigurationRevision: String(revision),
      });
      const { Data = '' } = await mq().send(command);
      return new TextDecoder().decode(Uint8Array.from(atob(Data), (each) => each.charCodeAt(0)));
    },
  });
  if (text.error) return <ErrorAlert error={text.error} />;
  if (text.data === undefined) return null;
  return <JsonDialog title={`Revision ${revision}`} text={text.data} onEnd={onEnd} />;
}
