// The form that gets messages from a queue, and what it got.

import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Form from '@cloudscape-design/components/form';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ErrorAlert } from '../../parts/error-alert.tsx';
import { ChoiceField, TextField } from '../../parts/fields.tsx';
import { call } from '../api.ts';
import type { GotMessage } from '../model.ts';
import { withText } from './cut-payload.ts';
import { GotMessageView } from './got-message.tsx';

/** Maximum number of messages that are got at once. */
const countMax = 100;
/** Maximum size of a payload that is shown, bytes. */
const payloadBytesMax = 50_000;
/** Maximum size of all payloads that are shown, bytes: a page with more is slow. */
const allBytesMax = 1_000_000;

const modes = {
  ack_requeue_true: 'Leave it in the queue (requeue)',
  ack_requeue_false: 'Remove it (acknowledge)',
  reject_requeue_true: 'Reject it, and leave it in the queue',
  reject_requeue_false: 'Reject it: discard it, or dead-letter it',
};

interface GetFormProps {
  readonly vhost: string;
  readonly queue: string;
}

/** Gets messages. */
export function GetForm({ vhost, queue }: GetFormProps) {
  const [mode, setMode] = useState('ack_requeue_true');
  const [count, setCount] = useState('1');
  const [encoding, setEncoding] = useState('auto');
  const client = useQueryClient();
  const get = useMutation({
    mutationFn: async () => {
      const truncate = Math.min(payloadBytesMax, Math.floor(allBytesMax / Number(count)));
      const body = { count: Number(count), ackmode: mode, encoding, truncate };
      const path = ['queues', vhost, queue, 'get'];
      const messages = await call<readonly GotMessage[]>('POST', path, { body });
      return encoding === 'auto' ? messages.map(withText) : messages;
    },
    onSuccess: () => client.invalidateQueries({ queryKey: ['queues'] }),
  });
  const isFine = /^\d{1,3}$/.test(count) && Number(count) >= 1 && Number(count) <= countMax;
  const send = (event: FormEvent) => {
    event.preventDefault();
    if (isFine) get.mutate();
  };
  const isRemoved = mode.endsWith('_false');
  return (
    <SpaceBetween size="l">
      <form onSubmit={send}>
        <Container
          header={
            <Header
              variant="h2"
              description="Messages that stay in the queue are marked as redelivered."
            >
              Get messages
            </Header>
          }
        >
          <Form
            actions={
              <Button
                variant="primary"
                formAction="submit"
                disabled={!isFine}
                loading={get.isPending}
              >
                Get messages
              </Button>
            }
          >
            <SpaceBetween size="m">
              <ChoiceField label="Afterwards" value={mode} onChange={setMode} choices={modes} />
              {isRemoved && (
                <Alert type="warning">The messages leave the queue and cannot be put back.</Alert>
              )}
              <TextField
                label="Number of messages"
                type="number"
                value={count}
                onChange={setCount}
                {...(!isFine && { error: `1 to ${countMax} are possible.` })}
              />
              <ChoiceField
                label="Show payloads as"
                value={encoding}
                onChange={setEncoding}
                choices={{ auto: 'Text, or base64 if it is not UTF-8', base64: 'Base64' }}
              />
              <ErrorAlert error={get.error} />
            </SpaceBetween>
          </Form>
        </Container>
      </form>
      {get.data?.length === 0 && <Box>The queue is empty.</Box>}
      {get.data?.map((message, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the messages have no other name.
        <GotMessageView key={index} number={index + 1} message={message} />
      ))}
    </SpaceBetween>
  );
}
