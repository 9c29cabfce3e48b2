// The page on which people sign in.

import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Form from '@cloudscape-design/components/form';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { dismiss } from '../notices.ts';
import { ErrorAlert } from '../parts/error-alert.tsx';
import { PasswordFields } from '../parts/password-fields.tsx';
import { beginSession } from '../parts/session-end.ts';
import { consoleSettings, type RoleChoice, signIn, store, useCode } from './session.ts';

const durations = [
  { value: '3600', label: '1 hour' },
  { value: '14400', label: '4 hours' },
  { value: '28800', label: '8 hours' },
  { value: '43200', label: '12 hours' },
];
const [standard = { value: '3600', label: '1 hour' }] = durations;

/** Asks who the person is. */
export function SignInPage() {
  const settings = useQuery({ queryKey: ['settings'], queryFn: consoleSettings });
  const queries = useQueryClient();
  const [code, forgetCode] = useCode();
  const [choice, setChoice] = useState<RoleChoice>();
  const attempt = useMutation({
    mutationFn: signIn,
    onSuccess: (answer) => {
      if ('roles' in answer) return setChoice(answer);
      dismiss();
      beginSession(store, queries, answer);
    },
  });
  const { mutate } = attempt;
  return (
    <div className="console-sign-in">
      <SpaceBetween size="l">
        <ErrorAlert error={attempt.error ?? settings.error} />
        {choice ? (
          <RoleForm choice={choice} isBusy={attempt.isPending} onChosen={mutate} />
        ) : code !== undefined ? (
          <CodeForm
            isBusy={attempt.isPending}
            onSent={() => {
              forgetCode();
              mutate({ code, durationSeconds: 3600 });
            }}
          />
        ) : settings.data?.providerHost !== undefined ? (
          <ProviderLink host={settings.data.providerHost} />
        ) : (
          <PasswordForm isBusy={attempt.isPending} onSent={mutate} />
        )}
        <Box color="text-body-secondary" fontSize="body-s">
          Credentials are kept by this page only: a reload signs you out. On the machine of the
          service, <code>waxwing console</code> prints an address that signs in the root user once.
        </Box>
      </SpaceBetween>
    </div>
  );
}

/**
 * Asks before a code is used: somebody else may have sent the address, to have this person work with
 * another name.
 */
function CodeForm({ isBusy, onSent }: Omit<FormProps, 'onSent'> & { onSent: () => void }) {
  return (
    <Container header={<Header variant="h1">Sign in with a code</Header>}>
      <SpaceBetween size="m">
        <div>Continue only if you have asked for this address yourself.</div>
        <Button variant="primary" loading={isBusy} onClick={onSent}>
          Continue
        </Button>
      </SpaceBetween>
    </Container>
  );
}

interface FormProps {
  readonly isBusy: boolean;
  readonly onSent: (request: object) => void;
}

function PasswordForm({ isBusy, onSent }: FormProps) {
  const [userName, setUserName] = useState('');
  const [password, setPassword] = useState('');
  const [mfaCode, setMfaCode] = useState('');
  const [duration, setDuration] = useState(standard);
  const send = (event: FormEvent) => {
    event.preventDefault();
    onSent({ userName, password, mfaCode, durationSeconds: Number(duration.value) });
    setPassword('');
    setMfaCode('');
  };
  return (
    <form onSubmit={send}>
      <Container header={<Header variant="h1">Sign in</Header>}>
        <Form
          actions={
            <Button variant="primary" formAction="submit" loading={isBusy}>
              Sign in
            </Button>
          }
        >
          <SpaceBetween size="m">
            <PasswordFields
              name={userName}
              password={password}
              onName={setUserName}
              onPassword={setPassword}
            />
            <FormField label="MFA code" description="Six digits, if you have a device.">
              <Input
                name="mfa_code"
                inputMode="numeric"
                value={mfaCode}
                onChange={({ detail }) => setMfaCode(detail.value)}
                autoComplete="one-time-code"
              />
            </FormField>
            <FormField label="Stay signed in for">
              <Select
                selectedOption={duration}
                options={durations}
                onChange={({ detail }) =>
                  setDuration(
                    durations.find((each) => each.value === detail.selectedOption.value) ??
                      standard,
                  )
                }
              />
            </FormField>
          </SpaceBetween>
        </Form>
      </Container>
    </form>
  );
}

function ProviderLink({ host }: { readonly host: string }) {
  return (
    <Container header={<Header variant="h1">Sign in</Header>}>
      <Button variant="primary" href="/sso/console">
        Sign in with {host}
      </Button>
    </Container>
  );
}

interface RoleFormProps {
  readonly choice: RoleChoice;
  readonly isBusy: boolean;
  readonly onChosen: (request: object) => void;
}

function RoleForm({ choice: { code, roles }, isBusy, onChosen }: RoleFormProps) {
  if (roles.length === 0) {
    return <StatusIndicator type="warning">There is no role that you may use.</StatusIndicator>;
  }
  return (
    <Container header={<Header variant="h1">Choose a role</Header>}>
      <SpaceBetween size="s">
        {roles.map((roleName) => (
          <Button
            key={roleName}
            fullWidth
            disabled={isBusy}
            onClick={() => onChosen({ code, roleName })}
          >
            {roleName}
          </Button>
        ))}
      </SpaceBetween>
    </Container>
  );
}
