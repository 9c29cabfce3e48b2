// The list of brokers.

import type { BrokerSummary } from '@aws-sdk/client-mq';
import Button from '@cloudscape-design/components/button';
import Link from '@cloudscape-design/components/link';
import type { TableProps } from '@cloudscape-design/components/table';
import { PagedTable } from '../parts/paged-table.tsx';
import { Time } from '../parts/time.tsx';
import { href } from '../router.ts';
import { changingMs, isChanging, listBrokers } from './broker-calls.ts';
import { BrokerState, deployment } from './broker-state.tsx';

const columns: readonly TableProps.ColumnDefinition<BrokerSummary>[] = [
  {
    id: 'name',
    header: 'Name',
    cell: ({ BrokerName, BrokerId = '' }) => (
      <Link href={href('brokers', BrokerId)}>{BrokerName}</Link>
    ),
    isRowHeader: true,
  },
  {
    id: 'state',
    header: 'State',
    cell: (item) => <BrokerState state={item.BrokerState} />,
  },
  { id: 'engine', header: 'Engine', cell: (item) => item.EngineType },
  {
    id: 'mode',
    header: 'Deployment',
    cell: (item) => deployment(item.DeploymentMode),
  },
  { id: 'created', header: 'Created', cell: (item) => <Time at={item.Created} /> },
];

/** Lists the brokers. */
export default function BrokerList() {
  return (
    <PagedTable
      isPage
      title="Brokers"
      queryKey={['brokers']}
      load={listBrokers}
      columns={columns}
      idOf={({ BrokerId = '' }) => BrokerId}
      empty="There are no brokers."
      refreshMs={(items) => (items.some((each) => isChanging(each.BrokerState)) ? changingMs : 0)}
      actions={
        <Button variant="primary" href={href('brokers', 'new')}>
          Create broker
        </Button>
      }
    />
  );
}
