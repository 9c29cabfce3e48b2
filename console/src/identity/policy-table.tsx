// The managed policies: those of the account, and those of AWS.

import { GetPolicyVersionCommand, ListPoliciesCommand, type Policy } from '@aws-sdk/client-iam';
import Button from '@cloudscape-design/components/button';
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import type { TableProps } from '@cloudscape-design/components/table';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ErrorAlert } from '../parts/error-alert.tsx';
import { JsonDialog } from '../parts/json-dialog.tsx';
import { PagedTable } from '../parts/paged-table.tsx';
import { Time } from '../parts/time.tsx';
import { documentOf, iam, pageItems, pageOf } from './iam-calls.ts';

type Scope = 'Local' | 'AWS';

/** Lists the managed policies, and shows their documents. */
export function PolicyTable() {
  const [scope, setScope] = useState<Scope>('Local');
  const [shown, setShown] = useState<Policy>();
  const columns: readonly TableProps.ColumnDefinition<Policy>[] = [
    { id: 'name', header: 'Policy', isRowHeader: true, cell: (policy) => policy.PolicyName },
    { id: 'arn', header: 'ARN', width: 400, cell: (policy) => policy.Arn },
    { id: 'used', header: 'Attached to', cell: (policy) => policy.AttachmentCount },
    { id: 'updated', header: 'Updated', cell: (policy) => <Time at={policy.UpdateDate} /> },
    {
      id: 'document',
      header: 'Document',
      cell: (policy) => (
        <Button
          variant="inline-link"
          ariaLabel={`Show the policy ${policy.PolicyName}`}
          onClick={() => setShown(policy)}
        >
          Show
        </Button>
      ),
    },
  ];
  return (
    <>
      <PagedTable
        title="Policies"
        queryKey={['iam-policies', scope]}
        load={async (Marker) => {
          const command = new ListPoliciesCommand({ Scope: scope, MaxItems: pageItems, Marker });
          const page = await iam().send(command);
          return pageOf(page.Policies, page);
        }}
        columns={columns}
        idOf={({ Arn = '' }) => Arn}
        empty="There are no policies."
        filter={
          <SegmentedControl
            label="Whose policies"
            selectedId={scope}
            options={[
              { id: 'Local', text: 'Of the account' },
              { id: 'AWS', text: 'Of AWS' },
            ]}
            onChange={({ detail }) => setScope(detail.selectedId as Scope)}
          />
        }
      />
      {shown && <PolicyDocument policy={shown} onEnd={() => setShown(undefined)} />}
    </>
  );
}

interface PolicyDocumentProps {
  readonly policy: Policy;
  readonly onEnd: () => void;
}

function PolicyDocument({ policy, onEnd }: PolicyDocumentProps) {
  const { Arn: PolicyArn, DefaultVersionId: VersionId, PolicyName = '' } = policy;
  const version = useQuery({
    queryKey: ['iam-policy', PolicyArn, VersionId],
    queryFn: () => iam().send(new GetPolicyVersionCommand({ PolicyArn, VersionId })),
  });
  if (version.error) return <ErrorAlert error={version.error} />;
  if (version.data === undefined) return null;
  const text = documentOf(version.data.PolicyVersion?.Document);
  return <JsonDialog title={PolicyName} text={text} onEnd={onEnd} />;
}
