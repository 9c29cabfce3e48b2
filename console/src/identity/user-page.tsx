// The page of a user.

import {
  CreateLoginProfileCommand,
  DeleteLoginProfileCommand,
  GetLoginProfileCommand,
  GetUserCommand,
  ListAccessKeysCommand,
  ListAttachedUserPoliciesCommand,
  ListGroupsForUserCommand,
  ListUserPoliciesCommand,
} from '@aws-sdk/client-iam';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { Copied } from '../parts/copied.tsx';
import { Crumbs } from '../parts/crumbs.tsx';
import { Details } from '../parts/details.tsx';
import { ErrorAlert } from '../parts/error-alert.tsx';
import { PagedTable } from '../parts/paged-table.tsx';
import { printable } from '../parts/printable.ts';
import { Time } from '../parts/time.tsx';
import { useChange } from '../parts/use-change.ts';
import { href, type Route } from '../router.ts';
import { userOf, useSession } from '../session/session.ts';
import { AttachedPolicies } from './attached-policies.tsx';
import { DeleteUser } from './delete-user.tsx';
import { iam, pageItems, pageOf } from './iam-calls.ts';
import { MfaDevices } from './mfa-devices.tsx';

/** Shows a user: rights, credentials and the second factor. */
export default function UserPage({ route }: { readonly route: Route }) {
  const [, , name = ''] = route.parts;
  const [isDeleting, setDeleting] = useState(false);
  const session = useSession();
  const user = useQuery({
    queryKey: ['iam-user', name],
    queryFn: async () => (await iam().send(new GetUserCommand({ UserName: name }))).User,
  });
  const isOwn = isSame(session && userOf(session), user.data?.UserName);
  return (
    <SpaceBetween size="l">
      <Crumbs
        items={[
          { text: 'Users', href: href('identity', 'users') },
          { text: name, href: href('identity', 'users', name) },
        ]}
      />
      <Header
        variant="h1"
        description={isOwn && 'You are signed in as this user, which only others can delete.'}
        actions={
          user.data && !isOwn && <Button onClick={() => setDeleting(true)}>Delete user</Button>
        }
      >
        {printable(name)}
      </Header>
      <ErrorAlert error={user.error} />
      {user.isLoading && <Spinner size="large" />}
      {user.data && (
        <SpaceBetween size="l">
          <Container header={<Header variant="h2">Details</Header>}>
            <Details
              items={[
                { label: 'ARN', value: <Copied value={user.data.Arn ?? ''} what="ARN" /> },
                { label: 'Created', value: <Time at={user.data.CreateDate} /> },
                { label: 'Last sign-in', value: <Time at={user.data.PasswordLastUsed} /> },
              ]}
            />
          </Container>
          <Password name={name} />
          <MfaDevices name={name} />
          <AccessKeys name={name} />
          <AttachedPolicies kind="user" name={name} />
          <Rights name={name} />
        </SpaceBetween>
      )}
      {isDeleting && !isOwn && (
        <DeleteUser name={user.data?.UserName ?? name} onEnd={() => setDeleting(false)} />
      )}
    </SpaceBetween>
  );
}

/** Whether two names are of one user: IAM does not distinguish case. */
function isSame(first: string | undefined, second: string | undefined): boolean {
  return first !== undefined && first.toLowerCase() === second?.toLowerCase();
}

function Password({ name }: { readonly name: string }) {
  const [asked, setAsked] = useState<'set' | 'delete'>();
  const profile = useQuery({
    queryKey: ['iam-login', name],
    queryFn: async () => {
      try {
        const { LoginProfile } = await iam().send(new GetLoginProfileCommand({ UserName: name }));
        return LoginProfile ?? null;
      } catch (error) {
        if (error instanceof Error && /NoSuchEntity/.test(error.name)) return null;
        throw error;
      }
    },
  });
  return (
    <Container
      header={
        <Header
          variant="h2"
          description="With a password, the user signs in to this console."
          actions={
            profile.data ? (
              <Button onClick={() => setAsked('delete')}>Delete password</Button>
            ) : (
              <Button disabled={profile.data !== null} onClick={() => setAsked('set')}>
                Set password
              </Button>
            )
          }
        >
          Password
        </Header>
      }
    >
      <SpaceBetween size="s">
        <ErrorAlert error={profile.error} />
        <div>
          {profile.data ? (
            <>
              Set on <Time at={profile.data.CreateDate} />
            </>
          ) : (
            noPassword(profile.data, profile.error)
          )}
        </div>
      </SpaceBetween>
      {asked === 'set' && <SetPassword name={name} onEnd={() => setAsked(undefined)} />}
      {asked === 'delete' && <DeletePassword name={name} onEnd={() => setAsked(undefined)} />}
    </Container>
  );
}

/** What is said without a known password. */
function noPassword(found: null | undefined, error: Error | null): string {
  if (found === null) return 'None';
  return error === null ? 'Loading' : 'Not known';
}

interface PasswordDialogProps {
  readonly name: string;
  readonly onEnd: () => void;
}

function DeletePassword({ name, onEnd }: PasswordDialogProps) {
  const remove = useChange({
    call: () => iam().send(new DeleteLoginProfileCommand({ UserName: name })),
    done: `${name} can no longer sign in with a password.`,
    reads: ['iam-login'],
    onDone: onEnd,
  });
  return (
    <ConfirmDialog
      title={`Delete the password of ${name}`}
      action="Delete"
      change={remove}
      onDismiss={onEnd}
    >
      {`${printable(name)} cannot sign in to this console any more, until somebody sets another password. Access keys are not affected.`}
    </ConfirmDialog>
  );
}

function SetPassword({ name, onEnd }: PasswordDialogProps) {
  const [password, setPassword] = useState('');
  const create = useChange({
    call: () => iam().send(new CreateLoginProfileCommand({ UserName: name, Password: password })),
    done: `The password of ${name} is set.`,
    reads: ['iam-login'],
    onDone: onEnd,
  });
  return (
    <ConfirmDialog
      title={`Set the password of ${name}`}
      action="Set password"
      isReady={password !== ''}
      change={create}
      onDismiss={onEnd}
    >
      <FormField label="Password">
        <Input
          type="password"
          value={password}
          onChange={({ detail }) => setPassword(detail.value)}
          autoComplete="new-password"
        />
      </FormField>
    </ConfirmDialog>
  );
}

function AccessKeys({ name }: { readonly name: string }) {
  return (
    <PagedTable
      title="Access keys"
      description="For programs. A person needs none for this console."
      queryKey={['iam-keys', name]}
      load={async (Marker) => {
        const command = new ListAccessKeysCommand({ UserName: name, MaxItems: pageItems, Marker });
        const page = await iam().send(command);
        return pageOf(page.AccessKeyMetadata, page);
      }}
      columns={[
        { id: 'id', header: 'Access key', isRowHeader: true, cell: (key) => key.AccessKeyId },
        { id: 'status', header: 'Status', cell: (key) => key.Status },
        { id: 'created', header: 'Created', cell: (key) => <Time at={key.CreateDate} /> },
      ]}
      idOf={({ AccessKeyId = '' }) => AccessKeyId}
      empty="The user has no access keys."
    />
  );
}

/** A policy or a group of a user. */
interface Right {
  readonly name: string;
  readonly kind: string;
}

/** Where the rights of a user come from. */
function Rights({ name }: { readonly name: string }) {
  return (
    <PagedTable<Right>
      title="Rights"
      description="The simulator says what they allow."
      queryKey={['iam-rights', name]}
      load={async () => ({ items: await rightsOf(name), next: undefined })}
      columns={[
        { id: 'name', header: 'Name', isRowHeader: true, cell: (right) => right.name },
        { id: 'kind', header: 'Kind', cell: (right) => right.kind },
      ]}
      idOf={(right) => `${right.kind} ${right.name}`}
      empty="The user has no policies and is in no groups."
    />
  );
}

/** The quotas of IAM keep each of these lists on one page. */
async function rightsOf(UserName: string): Promise<readonly Right[]> {
  const [attached, inline, groups] = await Promise.all([
    iam().send(new ListAttachedUserPoliciesCommand({ UserName })),
    iam().send(new ListUserPoliciesCommand({ UserName })),
    iam().send(new ListGroupsForUserCommand({ UserName })),
  ]);
  const of = (kind: string) => (name: string) => ({ name, kind });
  return [
    ...(attached.AttachedPolicies ?? [])
      .map(({ PolicyName = '' }) => PolicyName)
      .map(of('Managed policy')),
    ...(inline.PolicyNames ?? []).map(of('Inline policy')),
    ...(groups.Groups ?? []).map(({ GroupName = '' }) => GroupName).map(of('Group')),
  ];
}
