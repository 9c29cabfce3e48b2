// What of the advice on data protection is not followed.

import Box from '@cloudscape-design/components/box';
import type { TableProps } from '@cloudscape-design/components/table';
import { type Page, PagedTable } from '../parts/paged-table.tsx';
import { StoredText } from '../parts/stored-text.tsx';
import { adviceCallCountMax, askAdvice, type Finding } from './advice-calls.ts';

/** Lists findings. Subjects without one are passed over. */
async function listFindings(token: string | undefined): Promise<Page<Finding>> {
  let next = token;
  for (let count = 0; count < adviceCallCountMax; count += 1) {
    const advice = await askAdvice(next);
    next = advice.nextToken;
    if (advice.findings.length > 0 || next === undefined) return { items: advice.findings, next };
  }
  // The next page begins where this one ended.
  return { items: [], next };
}

const columns: readonly TableProps.ColumnDefinition<Finding>[] = [
  { id: 'subject', header: 'Where', isRowHeader: true, width: 220, cell: ({ subject }) => subject },
  {
    id: 'what',
    header: 'What was found',
    width: 280,
    cell: ({ what, why }) => (
      <>
        <StoredText text={what} />
        <Box variant="small" display="block">
          The advice is <StoredText text={why} />.
        </Box>
      </>
    ),
  },
  {
    id: 'fix',
    header: 'What helps',
    minWidth: 360,
    cell: ({ fix }) => (
      <Box variant="code">
        <StoredText text={fix} />
      </Box>
    ),
  },
];

/** Lists the deviations from the advice on data protection. */
export default function AdvicePage() {
  return (
    <PagedTable
      isPage
      title="Advice"
      description="What of the advice on data protection is not followed. Nothing is changed here: commands that help are shown."
      queryKey={['advice']}
      load={listFindings}
      columns={columns}
      idOf={({ check, subject, what }) => JSON.stringify([check, subject, what])}
      empty="All advice is followed."
    />
  );
}
