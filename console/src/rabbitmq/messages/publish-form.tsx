// The form that publishes a message.

import Alert from '@cloudscape-design/components/alert';
import Checkbox from '@cloudscape-design/components/checkbox';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { MessageForm } from '../../broker/message-form.tsx';
import { ChoiceField, LinesField, TextField } from '../../parts/fields.tsx';
import { call } from '../api.ts';
import { exchangePart } from '../model.ts';
import { extendedText, jsonText } from '../parts/json-text.ts';

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
      const mode = ['delivery_mode', isPersistent ? 2 : 1] as const;
      const all = extendedText('The properties', properties, mode);
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
  return (
    <MessageForm
      action="Publish"
      send={publish}
      result={
        publish.data && (
          <Alert type={publish.data.routed ? 'success' : 'warning'}>
            {publish.data.routed
              ? 'The message was published.'
              : 'The message was published, but no queue has taken it.'}
          </Alert>
        )
      }
    >
      {routingKey === undefined && <TextField label="Routing key" value={key} onChange={setKey} />}
      <Checkbox checked={isPersistent} onChange={({ detail }) => setPersistent(detail.checked)}>
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
    </MessageForm>
  );
}
