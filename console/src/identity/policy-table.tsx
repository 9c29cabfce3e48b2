// The managed policies: those of the account, which can be changed, and those of AWS.

import { GetPolicyVersionCommand, ListPoliciesCommand, type Policy } from '@aws-sdk/client-iam';
import Button from '@cloudscape-design/components/button';
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { TableProps } from '@cloudscape-design/components/table';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ErrorAlert } from '../parts/error-alert.tsx';
import { JsonDialog } from '../parts/json-dialog.tsx';
import { PagedTable } from '../parts/paged-table.tsx';
import { Time } from '../parts/time.tsx';
import { documentOf, iam, pageItems, pageOf } from './iam-calls.ts';
import { CreatePolicy } from './policy-create.tsx';
import { DeletePolicy } from './policy-delete.tsx';
import { EditPolicy } from './policy-edit.tsx';

type Scope = 'Local' | 'AWS';

/** What is done with a policy. */
interface Work {
  readonly kind: 'edit' | 'delete';
  readonly arn: string;
  readonly name: string;
}

/** Whether a policy is of the account: those of AWS have no account in their ARN. */
const isOwn = ({ Arn = '' }: Policy) => !/^arn:[^:]*:iam::aws:/.test(Arn);

/** Lists the managed policies, shows their documents, and creates, changes and deletes those of the account. */
export function PolicyTable() {
  const [scope, setScope] = useState<Scope>('Local');
  const [shown, setShown] = useState<Policy>();
  const [isCreating, setCreating] = useState(false);
  const [work, setWork] = useState<Work>();
  const end = () => setWork(undefined);
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
    {
      id: 'actions',
      header: 'Actions',
      cell: (policy) => isOwn(policy) && <PolicyActions policy={policy} onWork={setWork} />,
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
        actions={<Button onClick={() => setCreating(true)}>Create policy</Button>}
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
      {isCreating && <CreatePolicy onEnd={() => setCreating(false)} />}
      {work?.kind === 'edit' && <EditPolicy {...work} onEnd={end} />}
      {work?.kind === 'delete' && <DeletePolicy {...work} onEnd={end} />}
    </>
  );
}

interface PolicyActionsProps {
  readonly policy: Policy;
  readonly onWork: (work: Work) => void;
}

function PolicyActions({ policy, onWork }: PolicyActionsProps) {
  const { Arn: arn = '', PolicyName: name = '' } = policy;
  return (
    <SpaceBetween direction="horizontal" size="s">
      <Button
        variant="inline-link"
        ariaLabel={`Edit the policy ${name}`}
        onClick={() => onWork({ kind: 'edit', arn, name })}
      >
        Edit
      </Button>
      <Button
        variant="inline-link"
        ariaLabel={`Delete the policy ${name}`}
        onClick={() => onWork({ kind: 'delete', arn, name })}
      >
        Delete
      </Button>
    </SpaceBetween>
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
