// The dialogs and sections of the service's console, and how tests open them.

import type { Opening } from '../support/dialogs.ts';

/** What the pages show. */
export interface Shown {
  /** A RabbitMQ broker without a configuration, with a key of its own. */
  readonly rabbit: string;
  /** An ActiveMQ broker, with a configuration and a user. */
  readonly activeMq: string;
  readonly keyId: string;
}

/** The name of an event of the trail. */
const anyEvent = /^(?:Create|Describe|Get|List)[A-Za-z]+$/;

/** The dialogs of the console, and what unfolds. There are the users and groups of the walk. */
export function serviceDialogs({ rabbit, activeMq, keyId }: Shown): readonly Opening[] {
  const broker = `#/brokers/${rabbit}`;
  const active = `#/brokers/${activeMq}`;
  const key = `#/keys/${keyId}`;
  const user = '#/identity/users/anna';
  const group = '#/identity/groups/auditors';
  const users = { source: 'brokers/broker-users.tsx', at: active, tab: 'Users' };
  const members = { source: 'identity/group-members.tsx', at: group };
  const policies = { source: 'identity/attached-policies.tsx', at: user };
  return [
    {
      ...{ source: 'brokers/broker-page.tsx', at: broker },
      ...{ press: ['Actions', 'Reboot'], title: 'Reboot rabbit' },
    },
    {
      ...{ source: 'brokers/delete-broker.tsx', at: broker },
      ...{ press: ['Actions', 'Delete'], title: 'Delete rabbit' },
    },
    {
      ...{ source: 'brokers/broker-configuration.tsx', at: active, tab: 'Configuration' },
      ...{ press: ['Show revision 1'], title: 'Revision 1' },
    },
    {
      ...{ source: 'brokers/give-configuration.tsx', at: broker },
      ...{ tab: 'Configuration', press: ['Choose a configuration'] },
      title: 'Choose a configuration',
    },
    { ...users, press: ['Create user'], title: 'Create user' },
    {
      ...{ source: 'brokers/change-user.tsx', at: active, tab: 'Users' },
      ...{ press: ['Change the user app'], title: 'Change the user app' },
    },
    { ...users, press: ['Delete the user app'], title: 'Delete the user app' },
    { source: 'parts/copied.tsx', at: key, press: ['Copy the ARN'], shows: 'Copied' },
    {
      ...{ source: 'parts/stored-text.tsx', at: key },
      ...{ press: [/^Show \d+ more characters$/], title: 'The whole text' },
    },
    {
      ...{ source: 'keys/disable-key.tsx', at: key },
      ...{ press: ['Actions', 'Disable'], title: /^What happens if you disable/ },
    },
    {
      ...{ source: 'keys/disable-key.tsx', at: `${broker}/data-protection` },
      ...{ press: ['What if I disable the key?'], title: /^What happens if you disable/ },
    },
    {
      ...{ source: 'keys/delete-key.tsx', at: key },
      ...{ press: ['Actions', 'Schedule deletion'], title: /^Schedule the deletion of/ },
    },
    {
      ...{ source: 'trail/event-table.tsx', at: '#/trail' },
      ...{ press: [anyEvent], title: anyEvent },
    },
    {
      ...{ source: 'drills/drills-page.tsx', at: '#/drills' },
      ...{ press: [/^Show the drills of/], title: /^Drills of/ },
    },
    {
      ...{ source: 'identity/user-table.tsx', at: '#/identity/users' },
      ...{ press: ['Create user'], title: 'Create user' },
    },
    {
      ...{ source: 'identity/group-table.tsx', at: '#/identity/groups' },
      ...{ press: ['Create group'], title: 'Create group' },
    },
    {
      ...{ source: 'identity/roles/role-table.tsx', at: '#/identity/roles' },
      ...{ press: ['Show whom reader trusts'], title: 'Whom reader trusts' },
    },
    {
      ...{ source: 'identity/roles/role-create.tsx', at: '#/identity/roles' },
      ...{ press: ['Create role'], title: 'Create role' },
    },
    {
      ...{ source: 'identity/roles/role-delete.tsx', at: '#/identity/roles/reader' },
      ...{ press: ['Delete role'], title: 'Delete the role reader' },
    },
    {
      ...{ source: 'identity/policy-table.tsx', at: '#/identity/policies' },
      ...{ press: ['Show the policy looking'], title: 'looking' },
    },
    {
      ...{ source: 'identity/policy-create.tsx', at: '#/identity/policies' },
      ...{ press: ['Create policy'], title: 'Create policy' },
    },
    {
      ...{ source: 'identity/policy-edit.tsx', at: '#/identity/policies' },
      ...{ press: ['Edit the policy looking'], title: 'Edit the policy looking' },
    },
    {
      ...{ source: 'identity/policy-delete.tsx', at: '#/identity/policies' },
      ...{ press: ['Delete the policy looking'], title: 'Delete the policy looking' },
    },
    {
      ...{ source: 'identity/user-page.tsx', at: user },
      ...{ press: ['Set password'], title: 'Set the password of anna' },
    },
    {
      ...{ source: 'identity/user-page.tsx', at: '#/identity/users/administrator' },
      ...{ press: ['Delete password'], title: 'Delete the password of administrator' },
    },
    {
      ...{ source: 'identity/delete-user.tsx', at: user },
      ...{ press: ['Delete user'], title: 'Delete the user anna' },
    },
    {
      ...{ source: 'identity/mfa-devices.tsx', at: '#/identity/users/anna' },
      ...{ press: [/^Remove arn:/], title: 'Remove the MFA device' },
    },
    {
      ...{ source: 'identity/mfa-enrolment.tsx', at: user },
      ...{ press: ['Add MFA device'], title: 'Add an MFA device' },
    },
    {
      ...{ source: 'identity/mfa-enrolment.tsx', at: user },
      ...{ press: ['Add MFA device', 'Show the key as text'], title: 'Add an MFA device' },
    },
    { ...policies, press: ['Attach policy'], title: 'Attach a policy to anna' },
    { ...policies, press: ['Detach looking'], title: 'Detach looking from anna' },
    {
      ...{ source: 'identity/group-page.tsx', at: group },
      ...{ press: ['Delete group'], title: 'Delete the group auditors' },
    },
    { ...members, press: ['Add user'], title: 'Add a user to auditors' },
    { ...members, press: ['Remove anna'], title: 'Remove anna from auditors' },
    {
      ...{ source: 'session/switch-role.tsx', at: '#/keys' },
      ...{ press: [/^administrator$/, 'Switch role'], title: 'Switch role' },
    },
  ];
}
