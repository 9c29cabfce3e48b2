// The configuration of a broker: the revision in use, and other ones.

import {
  type ConfigurationRevision,
  DescribeConfigurationRevisionCommand,
  ListConfigurationRevisionsCommand,
  UpdateBrokerCommand,
  UpdateConfigurationCommand,
} from '@aws-sdk/client-mq';
import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { TableProps } from '@cloudscape-design/components/table';
import Textarea from '@cloudscape-design/components/textarea';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { notify } from '../notices.ts';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { ErrorAlert } from '../parts/error-alert.tsx';
import { InvisibleNote } from '../parts/invisible-note.tsx';
import { PagedTable } from '../parts/paged-table.tsx';
import { printable } from '../parts/printable.ts';
import { Time } from '../parts/time.tsx';
import { useChange } from '../parts/use-change.ts';
import { type Broker, mq } from './broker-calls.ts';
import { NoConfiguration } from './give-configuration.tsx';

/** Shows the revisions of a broker's configuration, and chooses one. */
export function BrokerConfiguration({ broker }: { readonly broker: Broker }) {
  const { Current, Pending } = broker.Configurations ?? {};
  // The first configuration of a broker waits for a reboot.
  const id = Current?.Id ?? Pending?.Id;
  if (id === undefined) return <NoConfiguration broker={broker} />;
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
    {
      id: 'description',
      header: 'Description',
      minWidth: 200,
      cell: (item) => printable(item.Description ?? '') || '–',
    },
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

/** Shows a revision, and makes a new one of it. */
function RevisionText({ id, revision, onEnd }: RevisionTextProps) {
  const [draft, setDraft] = useState<string>();
  const [description, setDescription] = useState('');
  const text = useQuery({
    queryKey: ['revision', id, revision],
    queryFn: () => textOf(id, revision),
  });
  const save = useChange({
    call: () => saveRevision(id, draft ?? '', description),
    done: 'The new revision is saved. Brokers use it once it is chosen for them.',
    reads: ['revisions'],
    onDone: onEnd,
  });
  const shown = draft ?? text.data ?? '';
  return (
    <ConfirmDialog
      title={`Revision ${revision}`}
      action="Save as new revision"
      size="large"
      isReady={draft !== undefined}
      change={save}
      onDismiss={onEnd}
    >
      <ErrorAlert error={text.error} />
      <SpaceBetween size="m">
        <FormField label="Configuration" stretch>
          <Textarea
            value={shown}
            rows={Math.min(24, Math.max(8, shown.split('\n').length))}
            onChange={({ detail }) => setDraft(detail.value)}
            spellcheck={false}
          />
        </FormField>
        <InvisibleNote text={shown} />
        <FormField label="Description of the new revision">
          <Input value={description} onChange={({ detail }) => setDescription(detail.value)} />
        </FormField>
      </SpaceBetween>
    </ConfirmDialog>
  );
}

async function textOf(id: string, revision: number): Promise<string> {
  const command = new DescribeConfigurationRevisionCommand({
    ConfigurationId: id,
    ConfigurationRevision: String(revision),
  });
  const { Data = '' } = await mq().send(command);
  return new TextDecoder().decode(Uint8Array.from(atob(Data), (each) => each.charCodeAt(0)));
}

/** Saves a revision, and tells what the service left out of it. */
async function saveRevision(id: string, text: string, Description: string): Promise<void> {
  const Data = btoa(String.fromCharCode(...new TextEncoder().encode(text)));
  const command = new UpdateConfigurationCommand({ ConfigurationId: id, Data, Description });
  const { Warnings = [] } = await mq().send(command);
  for (const { ElementName, AttributeName, Reason } of Warnings) {
    notify('warning', `${ElementName ?? ''} ${AttributeName ?? ''}: ${Reason ?? ''}`);
  }
}
