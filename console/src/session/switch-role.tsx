// Assuming a role in the console.

import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { clientOf } from '../aws/clients.ts';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { type Session, userOf } from './session.ts';

interface SwitchRoleProps {
  readonly session: Session;
  readonly onDone: (session: Session | undefined) => void;
}

/** Asks for a role, and assumes it with the credentials of the session. */
export default function SwitchRole({ session, onDone }: SwitchRoleProps) {
  const [role, setRole] = useState('');
  const assume = useMutation({
    mutationFn: () => assumed(session, role.trim()),
    onSuccess: onDone,
  });
  return (
    <ConfirmDialog
      title="Switch role"
      action="Switch"
      change={assume}
      isReady={role.trim() !== ''}
      onDismiss={() => onDone(undefined)}
    >
      <FormField label="Role" description="The name of a role of this account, or its ARN.">
        <Input value={role} onChange={({ detail }) => setRole(detail.value)} />
      </FormField>
    </ConfirmDialog>
  );
}

async function assumed(session: Session, role: string): Promise<Session> {
  const { accountId, region } = session;
  const RoleArn = role.startsWith('arn:') ? role : `arn:aws:iam::${accountId}:role/${role}`;
  // The name of the person stays visible in the trail.
  const RoleSessionName = session.name.replace(/^.*\//, '').replace(/[^\w+=,.@-]/g, '-');
  const command = new AssumeRoleCommand({
    RoleArn,
    RoleSessionName: RoleSessionName.slice(0, 64).padEnd(2, '-'),
  });
  const { Credentials: given } = await clientOf(STSClient).send(command);
  return {
    accessKeyId: given?.AccessKeyId ?? '',
    secretAccessKey: given?.SecretAccessKey ?? '',
    sessionToken: given?.SessionToken ?? '',
    expiration: given?.Expiration?.toISOString() ?? '',
    name: `${RoleArn.replace(/^.*role\//, '')}/${RoleSessionName}`,
    type: 'assumed-role',
    userName: userOf(session),
    accountId,
    region,
  };
}
