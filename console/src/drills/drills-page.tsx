// The drills, and their results.

import Button from '@cloudscape-design/components/button';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table, { type TableProps } from '@cloudscape-design/components/table';
import { useState } from 'react';
import { Copied } from '../parts/copied.tsx';
import { PagedTable } from '../parts/paged-table.tsx';
import { Time, timeText } from '../parts/time.tsx';
import { type DrillRun, hasPassed, listRuns, passedText } from './drill-runs.ts';

/** Lists the runs of drills. */
export default function DrillsPage() {
  const [shown, setShown] = useState<DrillRun>();
  const columns: readonly TableProps.ColumnDefinition<DrillRun>[] = [
    {
      id: 'ended',
      header: 'Ended',
      isRowHeader: true,
      width: 220,
      cell: ({ endedAt }) => <Time at={endedAt} />,
    },
    {
      id: 'result',
      header: 'Result',
      width: 180,
      cell: (run) => (
        <StatusIndicator type={hasPassed(run) ? 'success' : 'error'}>
          {passedText(run)}
        </StatusIndicator>
      ),
    },
    { id: 'who', header: 'Recorded by', cell: ({ who }) => who },
    { id: 'version', header: 'Waxwing', cell: ({ version }) => version },
    {
      id: 'drills',
      header: 'Drills',
      cell: (run) => (
        <Button
          variant="inline-link"
          ariaLabel={`Show the drills of ${timeText(run.endedAt)}`}
          onClick={() => setShown(run)}
        >
          Show
        </Button>
      ),
    },
  ];
  return (
    <>
      <PagedTable
        isPage
        title="Drills"
        description={
          <>
            Drills attack services of their own with the program of this one, and check the promises
            of its documents. <code>waxwing drill --all --record</code> runs them and has the
            results recorded in the trail. Runs of the last 90 days are shown.
          </>
        }
        queryKey={['events', 'drills']}
        load={listRuns}
        columns={columns}
        idOf={({ id }) => id}
        empty="No run of drills is recorded."
      />
      {shown && <RunDialog run={shown} onEnd={() => setShown(undefined)} />}
    </>
  );
}

interface RunDialogProps {
  readonly run: DrillRun;
  readonly onEnd: () => void;
}

function RunDialog({ run, onEnd }: RunDialogProps) {
  return (
    <Modal
      visible
      size="large"
      header={`Drills of ${timeText(run.endedAt)}`}
      closeAriaLabel="Close"
      onDismiss={onEnd}
    >
      <SpaceBetween size="m">
        <div>
          SHA-256 of the program: <Copied value={run.programSha256} what="hash of the program" />
        </div>
        <Table
          items={run.results}
          trackBy="drill"
          variant="embedded"
          wrapLines
          ariaLabels={{ tableLabel: 'Results' }}
          columnDefinitions={[
            { id: 'drill', header: 'Drill', isRowHeader: true, cell: ({ drill }) => drill },
            {
              id: 'result',
              header: 'Result',
              cell: (result) => (
                <StatusIndicator type={result.hasPassed ? 'success' : 'error'}>
                  {result.hasPassed ? 'Passed' : 'Failed'}
                </StatusIndicator>
              ),
            },
            {
              id: 'not-tried',
              header: 'Not tried',
              cell: ({ notTried }) => notTried ?? '',
            },
            {
              id: 'time',
              header: 'Seconds',
              cell: ({ durationMs }) => (durationMs / 1000).toFixed(1),
            },
          ]}
        />
      </SpaceBetween>
    </Modal>
  );
}
