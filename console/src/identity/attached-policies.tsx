// The managed policies that are attached to a user, a group or a role.

import {
  type AttachedPolicy,
  AttachGroupPolicyCommand,
  AttachRolePolicyCommand,
  AttachUserPolicyCommand,
  DetachGroupPolicyCommand,
  DetachRolePolicyCommand,
  DetachUserPolicyCommand,
  ListAttachedGroupPoliciesCommand,
  ListAttachedRolePoliciesCommand,
  ListAttachedUserPoliciesCommand,
  ListPoliciesCommand,
} from '@aws-sdk/client-iam';
import Button from '@cloudscape-design/components/button';
import { useState } from 'react';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { ListedField } from '../parts/listed-field.tsx';
import { PagedTable } from '../parts/paged-table.tsx';
import { printable } from '../parts/printable.ts';
import { useChange } from '../parts/use-change.ts';
import { iam, pageItems, pageOf } from './iam-calls.ts';

interface HolderProps {
  readonly kind: 'user' | 'group' | 'role';
  readonly name: string;
}

/** What is read again after a change. */
const reads = ['iam-attached', 'iam-rights', 'iam-policies'];

/** Lists the attached policies, attaches further ones and detaches them. */
export function AttachedPolicies({ kind, name }: HolderProps) {
  const [isAttaching, setAttaching] = useState(false);
  const [detached, setDetached] = useState<AttachedPolicy>();
  return (
    <>
      <PagedTable<AttachedPolicy>
        title="Attached policies"
        queryKey={['iam-attached', kind, name]}
        load={async (Marker) => {
          const page = await list({ kind, name }, Marker);
          return pageOf(page.AttachedPolicies, page);
        }}
        columns={[
          {
            id: 'name',
            header: 'Policy',
            isRowHeader: true,
            cell: ({ PolicyName = '' }) => printable(PolicyName),
          },
          { id: 'arn', header: 'ARN', width: 400, cell: ({ PolicyArn }) => PolicyArn },
          {
            id: 'actions',
            header: 'Action',
            cell: (policy) => (
              <Button
                variant="inline-link"
                ariaLabel={`Detach ${policy.PolicyName}`}
                onClick={() => setDetached(policy)}
              >
                Detach
              </Button>
            ),
          },
        ]}
        idOf={({ PolicyArn = '' }) => PolicyArn}
        empty="No managed policy is attached."
        actions={<Button onClick={() => setAttaching(true)}>Attach policy</Button>}
      />
      {isAttaching && <Attach kind={kind} name={name} onEnd={() => setAttaching(false)} />}
      {detached && (
        <Detach kind={kind} name={name} policy={detached} onEnd={() => setDetached(undefined)} />
      )}
    </>
  );
}

interface DialogProps extends HolderProps {
  readonly onEnd: () => void;
}

function Attach({ kind, name, onEnd }: DialogProps) {
  const [arn, setArn] = useState('');
  const attach = useChange({
    call: () => attachTo({ kind, name }, arn.trim()),
    done: `The policy is attached to the ${kind} ${name}.`,
    reads,
    onDone: onEnd,
  });
  return (
    <ConfirmDialog
      title={`Attach a policy to ${printable(name)}`}
      action="Attach"
      isReady={arn.trim() !== ''}
      change={attach}
      onDismiss={onEnd}
    >
      <ListedField
        label="Policy"
        description="Choose one, or enter its ARN. It takes effect at once."
        value={arn}
        onChange={setArn}
        queryKey={['iam-policies']}
        load={async (Marker) => {
          const page = await iam().send(new ListPoliciesCommand({ MaxItems: 1000, Marker }));
          const options = (page.Policies ?? []).map(({ Arn = '', PolicyName = '' }) => ({
            value: Arn,
            label: printable(PolicyName),
            description: Arn,
          }));
          return pageOf(options, page);
        }}
        empty="There are no policies."
      />
    </ConfirmDialog>
  );
}

function Detach({ kind, name, policy, onEnd }: DialogProps & { readonly policy: AttachedPolicy }) {
  const detach = useChange({
    call: () => detachFrom({ kind, name }, policy.PolicyArn),
    done: `The policy is detached from the ${kind} ${name}.`,
    reads,
    onDone: onEnd,
  });
  return (
    <ConfirmDialog
      title={`Detach ${printable(policy.PolicyName ?? '')} from ${printable(name)}`}
      action="Detach"
      change={detach}
      onDismiss={onEnd}
    >
      What only this policy allows is refused at once. What only this policy denies is allowed at
      once. The policy itself is kept.
    </ConfirmDialog>
  );
}

/** A page of the policies. */
function list({ kind, name }: HolderProps, Marker: string | undefined) {
  const page = { MaxItems: pageItems, Marker };
  switch (kind) {
    case 'user':
      return iam().send(new ListAttachedUserPoliciesCommand({ UserName: name, ...page }));
    case 'group':
      return iam().send(new ListAttachedGroupPoliciesCommand({ GroupName: name, ...page }));
    case 'role':
      return iam().send(new ListAttachedRolePoliciesCommand({ RoleName: name, ...page }));
  }
}

function attachTo({ kind, name }: HolderProps, PolicyArn: string) {
  switch (kind) {
    case 'user':
      return iam().send(new AttachUserPolicyCommand({ UserName: name, PolicyArn }));
    case 'group':
      return iam().send(new AttachGroupPolicyCommand({ GroupName: name, PolicyArn }));
    case 'role':
      return iam().send(new AttachRolePolicyCommand({ RoleName: name, PolicyArn }));
  }
}

function detachFrom({ kind, name }: HolderProps, PolicyArn: string | undefined) {
  switch (kind) {
    case 'user':
      return iam().send(new DetachUserPolicyCommand({ UserName: name, PolicyArn }));
    case 'group':
      return iam().send(new DetachGroupPolicyCommand({ GroupName: name, PolicyArn }));
    case 'role':
      return iam().send(new DetachRolePolicyCommand({ RoleName: name, PolicyArn }));
  }
}
