// Creating a role.

import { CreateRoleCommand, ListOpenIDConnectProvidersCommand } from '@aws-sdk/client-iam';
import RadioGroup from '@cloudscape-design/components/radio-group';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import { TextField } from '../../parts/fields.tsx';
import { ListedField } from '../../parts/listed-field.tsx';
import { printable } from '../../parts/printable.ts';
import { useChange } from '../../parts/use-change.ts';
import { open } from '../../router.ts';
import { useSession } from '../../session/session.ts';
import { DocumentField, documentProblem, errorAt, withoutFieldErrors } from '../document-field.tsx';
import { iam } from '../iam-calls.ts';
import { type Trusted, trustTemplate } from './trust-template.ts';

/** How long sessions of a role may be, hours. */
const hours = { min: 1, max: 12 };

/** Why a duration is none; undefined if it can be sent. */
function hoursProblem(text: string): string | undefined {
  const isWhole = /^\d{1,2}$/.test(text) && Number(text) >= hours.min && Number(text) <= hours.max;
  if (isWhole) return undefined;
  return `The duration must be a whole number from ${hours.min} to ${hours.max}.`;
}

/** Asks for a role, and creates it. */
export function CreateRole({ onEnd }: { readonly onEnd: () => void }) {
  const accountId = useSession()?.accountId ?? '';
  const [name, setName] = useState('');
  const [trusted, setTrusted] = useState<Trusted>('users');
  const [provider, setProvider] = useState('');
  const [edited, setEdited] = useState<string>();
  const [duration, setDuration] = useState('1');
  const trust = edited ?? trustTemplate(trusted, accountId, provider);
  const create = useChange({
    call: () =>
      iam().send(
        new CreateRoleCommand({
          RoleName: name,
          AssumeRolePolicyDocument: trust,
          MaxSessionDuration: Number(duration) * 3600,
        }),
      ),
    done: `The role ${name} is created.`,
    reads: ['iam-roles'],
    onDone: () => {
      onEnd();
      open('identity', 'roles', name);
    },
  });
  const isComplete =
    name !== '' && (trusted === 'users' || edited !== undefined || provider !== '');
  return (
    <ConfirmDialog
      title="Create role"
      action="Create role"
      size="large"
      isReady={
        isComplete && hoursProblem(duration) === undefined && documentProblem(trust) === undefined
      }
      change={withoutFieldErrors(create)}
      onDismiss={onEnd}
    >
      <SpaceBetween size="m">
        <TextField
          label="Role name"
          description="1 to 64 letters, digits, and + = , . @ - _"
          value={name}
          onChange={setName}
          {...errorAt('name', create.error)}
        />
        <RadioGroup
          ariaLabel="Whom the role trusts"
          value={trusted}
          items={[
            {
              value: 'users',
              label: 'Users of this account',
              description: 'Those whose policies allow sts:AssumeRole on the role.',
            },
            {
              value: 'provider',
              label: 'People of an OIDC provider',
              description: 'Put your client and the subject, or another claim, into the policy.',
            },
          ]}
          onChange={({ detail }) => {
            setTrusted(detail.value as Trusted);
            setEdited(undefined);
          }}
        />
        {trusted === 'provider' && (
          <ListedField
            label="OIDC provider"
            description="Choose one, or enter its ARN."
            value={provider}
            onChange={(arn) => {
              setProvider(arn);
              setEdited(undefined);
            }}
            queryKey={['iam-providers']}
            load={async () => {
              const listed = await iam().send(new ListOpenIDConnectProvidersCommand({}));
              const items = (listed.OpenIDConnectProviderList ?? []).map(({ Arn = '' }) => {
                return { value: Arn, label: printable(Arn) };
              });
              return { items, next: undefined };
            }}
            empty="There are no OIDC providers."
          />
        )}
        <DocumentField
          label="Trust policy"
          description="It says who may use the role. Another choice above replaces it."
          value={trust}
          onChange={setEdited}
          {...errorAt('document', create.error)}
        />
        <TextField
          label="Maximum session duration, hours"
          description={`${hours.min} to ${hours.max}`}
          value={duration}
          type="number"
          onChange={setDuration}
          {...atDuration(duration)}
        />
      </SpaceBetween>
    </ConfirmDialog>
  );
}

/** The error below the field of the duration. */
function atDuration(text: string): { readonly error?: string } {
  const problem = hoursProblem(text);
  return problem === undefined ? {} : { error: problem };
}
