// The data keys of a broker's volume.

import Box from '@cloudscape-design/components/box';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { ErrorAlert } from '../parts/error-alert.tsx';

/** The answer of `DescribeVolume`. */
export interface Volumes {
  readonly broker: {
    readonly kmsKeyId: string;
    readonly newKmsKeyId?: string;
    readonly isRekeying: boolean;
  };
  readonly volumes: readonly {
    readonly volumeId: string;
    readonly generation: number;
    readonly olderGenerations: readonly number[];
    readonly olderBytes: number;
    readonly totalBytes: number;
  }[];
}

interface DataKeysProps {
  readonly state: string | undefined;
  readonly volumes: Volumes | undefined;
  readonly error: unknown;
}

/** Shows the generations of the data keys. */
export function DataKeys({ state, volumes, error }: DataKeysProps) {
  const isChanging = volumes?.broker.isRekeying || volumes?.broker.newKmsKeyId !== undefined;
  return (
    <SpaceBetween size="m">
      <ErrorAlert error={error} />
      <Table
        header={
          <Header
            variant="h2"
            description={
              isChanging
                ? 'Data is being sealed again under a new key.'
                : 'They are stored only in wrapped form, beside the data.'
            }
          >
            Data keys
          </Header>
        }
        items={volumes?.volumes ?? []}
        trackBy="volumeId"
        wrapLines
        ariaLabels={{ tableLabel: 'Data keys' }}
        empty={
          <Box textAlign="center" color="inherit">
            {error ? 'They could not be read.' : emptyText(state, volumes)}
          </Box>
        }
        columnDefinitions={[
          { id: 'volume', header: 'Volume', isRowHeader: true, cell: (item) => item.volumeId },
          {
            id: 'generation',
            header: 'Data key in use',
            cell: (item) => `Generation ${item.generation}`,
          },
          {
            id: 'older',
            header: 'Older data keys still in use',
            cell: (item) => item.olderGenerations.join(', ') || 'None',
          },
          {
            id: 'bytes',
            header: 'Data under older ones',
            cell: (item) => `${mib(item.olderBytes)} of ${mib(item.totalBytes)} MiB`,
          },
        ]}
      />
    </SpaceBetween>
  );
}

function emptyText(state: string | undefined, volumes: Volumes | undefined): string {
  if (state !== 'RUNNING') return 'They are known while the broker runs.';
  return volumes === undefined ? 'Loading' : 'The engine of this broker does not report them.';
}

function mib(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(1);
}
