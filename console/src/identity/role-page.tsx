// The page of a role.

import { GetRoleCommand } from '@aws-sdk/client-iam';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useQuery } from '@tanstack/react-query';
import { Crumbs } from '../parts/crumbs.tsx';
import { ErrorAlert } from '../parts/error-alert.tsx';
import { printable } from '../parts/printable.ts';
import { href, type Route } from '../router.ts';
import { AttachedPolicies } from './attached-policies.tsx';
import { iam } from './iam-calls.ts';

/** Shows a role with its policies. */
export default function RolePage({ route }: { readonly route: Route }) {
  const [, , name = ''] = route.parts;
  const role = useQuery({
    queryKey: ['iam-role', name],
    queryFn: async () => (await iam().send(new GetRoleCommand({ RoleName: name }))).Role ?? null,
  });
  return (
    <SpaceBetween size="l">
      <Crumbs
        items={[
          { text: 'Roles', href: href('identity', 'roles') },
          { text: name, href: href('identity', 'roles', name) },
        ]}
      />
      <Header variant="h1" description={role.data?.Arn}>
        {printable(name)}
      </Header>
      <ErrorAlert error={role.error} />
      {role.data && <AttachedPolicies kind="role" name={name} />}
    </SpaceBetween>
  );
}
