// Policies and operator policies.

import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { JsonCell } from '../../broker/facts.tsx';
import { printable } from '../../parts/printable.ts';
import type { Policy } from '../model.ts';
import { DeleteDialog } from '../parts/delete-dialog.tsx';
import { ListTable } from '../parts/list-table.tsx';
import { hasRole } from '../session/roles.ts';
import { PolicyForm, type PolicyKind } from './policy-form.tsx';

const kinds: Readonly<Record<PolicyKind, { readonly title: string; readonly about: string }>> = {
  policies: {
    title: 'Policies',
    about:
      'Settings of queues and exchanges by their names. The one with the highest priority counts.',
  },
  'operator-policies': {
    title: 'Operator policies',
    about: 'Settings that policies and arguments of clients cannot loosen.',
  },
};

/** Lists policies, and changes them. */
export default function PoliciesPage() {
  return (
    <SpaceBetween size="xl">
      <PolicyTable kind="policies" isPage />
      <PolicyTable kind="operator-policies" />
    </SpaceBetween>
  );
}

function PolicyTable({
  kind,
  isPage = false,
}: {
  readonly kind: PolicyKind;
  readonly isPage?: boolean;
}) {
  const [edited, setEdited] = useState<Policy | 'new'>();
  const [deleted, setDeleted] = useState<Policy>();
  const mayChange = hasRole(kind === 'policies' ? 'policymaker' : 'administrator');
  const { title, about } = kinds[kind];
  return (
    <>
      <ListTable<Policy>
        title={title}
        description={about}
        isPage={isPage}
        isOfVhosts
        path={[kind]}
        idOf={({ vhost, name }) => JSON.stringify([vhost, name])}
        empty={`There are no ${title.toLowerCase()}.`}
        actions={
          mayChange && (
            <Button onClick={() => setEdited('new')}>
              {kind === 'policies' ? 'Create policy' : 'Create operator policy'}
            </Button>
          )
        }
        columns={[
          {
            id: 'name',
            header: 'Name',
            sortingField: 'name',
            isRowHeader: true,
            cell: ({ name }) => printable(name),
          },
          {
            id: 'vhost',
            header: 'Virtual host',
            sortingField: 'vhost',
            cell: ({ vhost }) => printable(vhost),
          },
          {
            id: 'pattern',
            header: 'Pattern',
            sortingField: 'pattern',
            cell: ({ pattern }) => <code>{printable(pattern)}</code>,
          },
          {
            id: 'applies',
            header: 'Applies to',
            sortingField: 'apply-to',
            cell: (policy) => policy['apply-to'],
          },
          {
            id: 'priority',
            header: 'Priority',
            sortingField: 'priority',
            cell: ({ priority }) => priority,
          },
          {
            id: 'definition',
            width: 240,
            header: 'Definition',
            cell: ({ definition }) => <JsonCell value={definition} />,
          },
          ...(mayChange
            ? [
                {
                  id: 'actions',
                  header: 'Actions',
                  cell: (policy: Policy) => (
                    <SpaceBetween direction="horizontal" size="xs">
                      <Button
                        variant="inline-link"
                        ariaLabel={`Change ${printable(policy.name)}`}
                        onClick={() => setEdited(policy)}
                      >
                        Change
                      </Button>
                      <Button
                        variant="inline-link"
                        ariaLabel={`Delete ${printable(policy.name)}`}
                        onClick={() => setDeleted(policy)}
                      >
                        Delete
                      </Button>
                    </SpaceBetween>
                  ),
                },
              ]
            : []),
        ]}
      />
      {edited && (
        <PolicyForm
          kind={kind}
          {...(edited !== 'new' && { policy: edited })}
          onEnd={() => setEdited(undefined)}
        />
      )}
      {deleted && (
        <DeleteDialog
          kind="policy"
          name={deleted.name}
          path={[kind, deleted.vhost, deleted.name]}
          reads={[kind, 'queues', 'exchanges']}
          onEnd={() => setDeleted(undefined)}
        >
          The queues and exchanges that it matches get the settings of the next policy that matches
          them, or their own.
        </DeleteDialog>
      )}
    </>
  );
}
