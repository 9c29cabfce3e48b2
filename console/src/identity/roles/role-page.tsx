// The page of a role.

import { GetRoleCommand } from '@aws-sdk/client-iam';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Crumbs } from '../../parts/crumbs.tsx';
import { ErrorAlert } from '../../parts/error-alert.tsx';
import { printable } from '../../parts/printable.ts';
import { href, type Route } from '../../router.ts';
import { AttachedPolicies } from '../attached-policies.tsx';
import { iam } from '../iam-calls.ts';
import { DeleteRole } from './role-delete.tsx';

/** Shows a role with its policies. */
export default function RolePage({ route }: { readonly route: Route }) {
  const [, , name = ''] = route.parts;
  const [isDeleting, setDeleting] = useState(false);
  const role = useQuery({
    queryKey: ['iam-role', name],
    queryFn: async () => (await iam().send(new GetRoleCommand({ RoleName: name }))).Role ?? null,
  });
  // The service does not delete the roles of its own services.
  const isOwn = role.data && !role.data.Path?.startsWith('/aws-service-role/');
  return (
    <SpaceBetween size="l">
      <Crumbs
        items={[
          { text: 'Roles', href: href('identity', 'roles') },
          { text: name, href: href('identity', 'roles', name) },
        ]}
      />
      <Header
        variant="h1"
        description={role.data?.Arn}
        actions={isOwn && <Button onClick={() => setDeleting(true)}>Delete role</Button>}
      >
        {printable(name)}
      </Header>
      <ErrorAlert error={role.error} />
      {role.data && <AttachedPolicies kind="role" name={name} />}
      {isDeleting && (
        <DeleteRole name={role.data?.RoleName ?? name} onEnd={() => setDeleting(false)} />
      )}
    </SpaceBetween>
  );
}
