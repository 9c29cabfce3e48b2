// The rotation of a key's material.

import {
  DisableKeyRotationCommand,
  EnableKeyRotationCommand,
  GetKeyRotationStatusCommand,
  type KeyMetadata,
  ListKeyRotationsCommand,
  RotateKeyOnDemandCommand,
  type RotationsListEntry,
} from '@aws-sdk/client-kms';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { TableProps } from '@cloudscape-design/components/table';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { ErrorAlert } from '../parts/error-alert.tsx';
import { PagedTable } from '../parts/paged-table.tsx';
import { Time } from '../parts/time.tsx';
import { useChange } from '../parts/use-change.ts';
import { kms } from './key-calls.ts';

/** The interval at which a rotation that is asked for is read again, milliseconds. */
const pendingMs = 1000;

/** The rotation of a key. */
export function useRotation(keyId: string | undefined, isRotatable: boolean) {
  return useQuery({
    queryKey: ['rotation', keyId],
    enabled: keyId !== undefined && isRotatable,
    queryFn: () => kms().send(new GetKeyRotationStatusCommand({ KeyId: keyId })),
    // A rotation on demand is done a moment after it is asked for.
    refetchInterval: ({ state }) => (state.data?.OnDemandRotationStartDate ? pendingMs : false),
  });
}

/** Whether the material of a key can be rotated by the service. */
export function isRotatable({ KeySpec, Origin }: KeyMetadata): boolean {
  return KeySpec === 'SYMMETRIC_DEFAULT' && Origin === 'AWS_KMS';
}

/** What is known of the rotation on schedule of a key whose material can be rotated. */
export function rotationText({ data, error }: ReturnType<typeof useRotation>): string {
  if (data === undefined) return error === null ? 'Loading' : 'Not known';
  return data.KeyRotationEnabled === true ? `Every ${data.RotationPeriodInDays} days` : 'Off';
}

const columns: readonly TableProps.ColumnDefinition<RotationsListEntry>[] = [
  {
    id: 'at',
    header: 'Rotated',
    isRowHeader: true,
    cell: (item) => <Time at={item.RotationDate} />,
  },
  {
    id: 'type',
    header: 'Why',
    cell: (item) => (item.RotationType === 'ON_DEMAND' ? 'On demand' : 'On schedule'),
  },
];

interface KeyRotationProps {
  readonly keyId: string;
  readonly metadata: KeyMetadata;
}

/** Shows the rotations of a key, and changes them. */
export function KeyRotation({ keyId, metadata }: KeyRotationProps) {
  const status = useRotation(keyId, isRotatable(metadata));
  const isOn = status.data?.KeyRotationEnabled === true;
  const isPending = status.data?.OnDemandRotationStartDate !== undefined;
  const queries = useQueryClient();
  const { dataUpdatedAt: readAt } = status;
  useEffect(() => {
    // The list is read after each status that names no rotation in progress.
    if (readAt > 0 && !isPending)
      void queries.invalidateQueries({ queryKey: ['rotations', keyId] });
  }, [readAt, isPending, keyId, queries]);
  const reads = ['rotation', 'events'];
  const toggle = useChange({
    call: () =>
      isOn
        ? kms().send(new DisableKeyRotationCommand({ KeyId: keyId }))
        : kms().send(new EnableKeyRotationCommand({ KeyId: keyId })),
    done: isOn ? 'The key is no longer rotated.' : 'The key is rotated every year.',
    reads,
  });
  const rotate = useChange({
    call: () => kms().send(new RotateKeyOnDemandCommand({ KeyId: keyId })),
    done: 'The key gets new material.',
    reads,
  });
  if (!isRotatable(metadata))
    return <Box>The material of this key is not rotated by the service.</Box>;
  const isOwn = metadata.KeyManager === 'CUSTOMER';
  return (
    <SpaceBetween size="l">
      <ErrorAlert error={status.error ?? toggle.error ?? rotate.error} />
      <Container
        header={
          <Header
            variant="h2"
            actions={
              isOwn && (
                <SpaceBetween direction="horizontal" size="xs">
                  <Button
                    disabled={status.data === undefined}
                    loading={toggle.isPending}
                    onClick={() => toggle.mutate()}
                  >
                    {isOn ? 'Stop the rotation' : 'Rotate every year'}
                  </Button>
                  <Button loading={rotate.isPending || isPending} onClick={() => rotate.mutate()}>
                    Rotate now
                  </Button>
                </SpaceBetween>
              )
            }
          >
            Rotation
          </Header>
        }
      >
        <KeyValuePairs
          columns={2}
          items={[
            { label: 'Rotation on schedule', value: rotationText(status) },
            { label: 'Next rotation', value: <Time at={status.data?.NextRotationDate} /> },
          ]}
        />
      </Container>
      {isOwn && (
        <PagedTable
          title="Rotations"
          queryKey={['rotations', keyId]}
          load={async (Marker) => {
            const command = new ListKeyRotationsCommand({ KeyId: keyId, Limit: 25, Marker });
            const page = await kms().send(command);
            return { items: page.Rotations ?? [], next: page.NextMarker };
          }}
          columns={columns}
          idOf={({ RotationDate }) => String(RotationDate?.getTime())}
          empty="The key has its first material."
        />
      )}
    </SpaceBetween>
  );
}
