// Who may do what: users, groups, roles, policies, and a simulator.

import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Tabs from '@cloudscape-design/components/tabs';
import { open, type Route } from '../router.ts';
import { GroupTable } from './group-table.tsx';
import { PolicyTable } from './policy-table.tsx';
import { RoleTable } from './roles/role-table.tsx';
import { Simulator } from './simulator.tsx';
import { UserTable } from './user-table.tsx';

const tabs = [
  { id: 'users', label: 'Users', content: <UserTable /> },
  { id: 'groups', label: 'Groups', content: <GroupTable /> },
  { id: 'roles', label: 'Roles', content: <RoleTable /> },
  { id: 'policies', label: 'Policies', content: <PolicyTable /> },
  { id: 'simulator', label: 'Simulator', content: <Simulator /> },
];

/** Shows the identities of the account. */
export default function IdentityPage({ route }: { readonly route: Route }) {
  const [, active = 'users'] = route.parts;
  return (
    <SpaceBetween size="l">
      <Header variant="h1">Identity</Header>
      <Tabs
        tabs={tabs}
        activeTabId={active}
        onChange={({ detail }) => open('identity', detail.activeTabId)}
      />
    </SpaceBetween>
  );
}
