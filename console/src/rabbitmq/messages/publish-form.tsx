// The form that publishes a message.

import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import Checkbox from '@cloudscape-design/components/checkbox';
import Container from '@cloudscape-design/components/container';
import Form from '@cloudscape-design/components/form';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ErrorAlert } from '../../parts/error-alert.tsx';
import { ChoiceField, LinesField, TextField } from '../../parts/fields.tsx';
import { call } from '../api.ts';
import { exchangePart } from '../model.ts';
import { jsonText, objectText } from '../parts/json-text.ts';

interface PublishFormProps {
  readonly vhost: string;
  readonly exchange: string;
  /** The routing key, if it is given. */
  readonly routingKey?: string;
}

/** Publishes messages. */
export function PublishForm({ vhost, exchange, routingKey }: PublishFormProps) {
  const [key, setKey] = useState(routingKey ?? '');
  const [isPersistent, setPersistent] = useState(true);
  const [properties, setProperties] = useState('');
  const [payload, setPayload] = useState('');
  const [encoding, setEncoding] = useState('string');
  const client = useQueryClient();
  const publish = useMutation({
    mutationFn: async () => {
      const given = objectText('The properties', properties).trim();
      // The checkbox comes first: among two members with the same name, the last one counts.
      const mode = isPersistent ? '"delivery_mode":2' : '"delivery_mode":1';
      const isEmpty = /^\{\s*\}$/.test(given);
      const all = isEmpty ? `{${mode}}` : `{${mode},${given.slice(1)}`;
      return call<{ readonly routed: boolean }>(
        'POST',
        ['exchanges', vhost, exchangePart(exchange), 'publish'],
        {
          text: jsonText(
            { routing_key: key, payload, payload_encoding: encoding },
            { properties: all },
          ),
        },
      );
    },
    onSuccess: () => client.invalidateQueries({ queryKey: ['queues'] }),
  });
  const send = (event: FormEvent) => {
    event.preventDefault();
    publish.mutate();
  };
  return (
    <form onSubmit={send}>
      <Container header={<Header variant="h2">Publish a message</Header>}>
        <Form
          actions={
            <Button variant="primary" formAction="submit" loading={publish.isPending}>
              Publish
            </Button>
          }
        >
          <SpaceBetween size="m">
            {routingKey === undefined && (
              <TextField label="Routing key" value={key} onChange={setKey} />
            )}
            <Checkbox
              checked={isPersistent}
              onChange={({ detail }) => setPersistent(detail.checked)}
            >
              Persistent: it survives a restart in a durable queue
            </Checkbox>
            <LinesField
              label="Properties"
              description={
                'A JSON object: {"content_type": "text/plain", "priority": 1, "expiration": "60000", "headers": {"kind": "order"}}'
              }
              value={properties}
              onChange={setProperties}
            />
            <LinesField label="Payload" value={payload} onChange={setPayload} />
            <ChoiceField
              label="The payload is"
              value={encoding}
              onChange={setEncoding}
              choices={{ string: 'Text', base64: 'Base64 of bytes' }}
            />
            <ErrorAlert error={publish.error} />
            {publish.data && (
              <Alert type={publish.data.routed ? 'success' : 'warning'}>
                {publish.data.routed
                  ? 'The message was published.'
                  : 'The message was published, but no queue has taken it.'}
              </Alert>
            )}
          </SpaceBetween>
        </Form>
      </Container>
    </form>
  );
}
