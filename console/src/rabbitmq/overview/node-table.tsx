// The nodes of the broker.

import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import type { ReactNode } from 'react';
import { bytesText, countText, spanText } from '../../broker/numbers.ts';
import { ErrorAlert } from '../../parts/error-alert.tsx';
import { useApi } from '../use-api.ts';

interface Node {
  readonly name: string;
  readonly running: boolean;
  readonly mem_used: number;
  readonly mem_limit: number;
  readonly mem_alarm: boolean;
  readonly disk_free: number;
  readonly disk_free_limit: number;
  readonly disk_free_alarm: boolean;
  readonly fd_used: number;
  readonly sockets_used: number;
  readonly uptime: number;
}

/** Shows the nodes with their memory and disk. */
export function NodeTable() {
  const nodes = useApi<readonly Node[]>(['nodes']);
  return (
    <SpaceBetween size="m">
      <ErrorAlert error={nodes.error} />
      <Table
        items={nodes.data ?? []}
        trackBy="name"
        loading={nodes.isLoading}
        loadingText="Loading"
        header={<Header variant="h2">Nodes</Header>}
        ariaLabels={{ tableLabel: 'Nodes' }}
        wrapLines
        columnDefinitions={[
          { id: 'name', header: 'Name', cell: ({ name }) => name, isRowHeader: true },
          {
            id: 'state',
            header: 'State',
            minWidth: 120,
            cell: ({ running }) => (
              <StatusIndicator type={running ? 'success' : 'error'}>
                {running ? 'running' : 'stopped'}
              </StatusIndicator>
            ),
          },
          {
            id: 'memory',
            header: 'Memory',
            minWidth: 140,
            cell: (node) => (
              <Level isAlarm={node.mem_alarm}>
                {bytesText(node.mem_used)} of {bytesText(node.mem_limit)}
              </Level>
            ),
          },
          {
            id: 'disk',
            header: 'Free disk space',
            cell: (node) => (
              <Level isAlarm={node.disk_free_alarm}>
                {bytesText(node.disk_free)}, alarm below {bytesText(node.disk_free_limit)}
              </Level>
            ),
          },
          { id: 'sockets', header: 'Connections', cell: (node) => countText(node.sockets_used) },
          { id: 'files', header: 'Open files', cell: (node) => countText(node.fd_used) },
          { id: 'uptime', header: 'Runs for', cell: ({ uptime }) => spanText(uptime) },
        ]}
      />
    </SpaceBetween>
  );
}

interface LevelProps {
  readonly isAlarm: boolean;
  readonly children: ReactNode;
}

function Level({ isAlarm, children }: LevelProps) {
  return isAlarm ? <StatusIndicator type="error">{children}</StatusIndicator> : children;
}
