// The frame of a form that sends a message.

import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Form from '@cloudscape-design/components/form';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { FormEvent, ReactNode } from 'react';
import { ErrorAlert } from '../parts/error-alert.tsx';
import type { StartableChange } from '../parts/use-change.ts';

interface MessageFormProps {
  /** What the button says: `Send`. */
  readonly action: string;
  readonly send: StartableChange;
  /** What happened to the message that was sent last. */
  readonly result: ReactNode;
  readonly children: ReactNode;
}

/** Shows the fields of a message, sends it, and shows the result. */
export function MessageForm({ action, send, result, children }: MessageFormProps) {
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Container header={<Header variant="h2">{`${action} a message`}</Header>}>
        <Form
          actions={
            <Button variant="primary" formAction="submit" loading={send.isPending}>
              {action}
            </Button>
          }
        >
          <SpaceBetween size="m">
            {children}
            <ErrorAlert error={send.error} />
            {result}
          </SpaceBetween>
        </Form>
      </Container>
    </form>
  );
}
