// The page on which users of the broker sign in.

import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Form from '@cloudscape-design/components/form';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { dismiss } from '../notices.ts';
import { ErrorAlert } from '../parts/error-alert.tsx';
import { PasswordFields } from '../parts/password-fields.tsx';
import { beginSession } from '../parts/session-end.ts';
import { WrongPassword } from './request.ts';
import { type Session, store } from './session.ts';

/** How people sign in. */
export interface SignInProps {
  /** Checks a password, and begins no session. @throws {WrongPassword} */
  readonly signIn: (name: string, password: string) => Promise<Session>;
  /** Who may sign in: `Users with ...` */
  readonly hint: string;
}

/** Asks who the person is. */
export function SignInPage({ signIn, hint }: SignInProps) {
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const attempt = useMutation({
    mutationFn: () => signIn(name, password),
    onSuccess: (session) => {
      dismiss();
      beginSession(store, queries, session);
    },
    // A password that was right must not stay behind, nor one that was wrong.
    onSettled: () => setPassword(''),
    gcTime: 0,
  });
  const send = (event: FormEvent) => {
    event.preventDefault();
    attempt.mutate();
  };
  const { error } = attempt;
  const isWrong = error instanceof WrongPassword;
  return (
    <div className="console-sign-in">
      <SpaceBetween size="l">
        <ErrorAlert
          error={isWrong ? new Error('The user name or the password is wrong.') : error}
        />
        <form onSubmit={send}>
          <Container header={<Header variant="h1">Sign in to the broker</Header>}>
            <Form
              actions={
                <Button variant="primary" formAction="submit" loading={attempt.isPending}>
                  Sign in
                </Button>
              }
            >
              <SpaceBetween size="m">
                <PasswordFields
                  name={name}
                  password={password}
                  onName={setName}
                  onPassword={setPassword}
                />
              </SpaceBetween>
            </Form>
          </Container>
        </form>
        <Box color="text-body-secondary" fontSize="body-s">
          {hint} sign in here. The password is kept by this page only: a reload, or an hour without
          use, signs you out.
        </Box>
      </SpaceBetween>
    </div>
  );
}
