// The form that sends a message.

import Alert from '@cloudscape-design/components/alert';
import Checkbox from '@cloudscape-design/components/checkbox';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { MessageForm } from '../../broker/message-form.tsx';
import { LinesField, TextField } from '../../parts/fields.tsx';
import { act } from '../api.ts';

interface SendFormProps {
  readonly kind: 'queue' | 'topic';
  readonly name: string;
}

/** The fields of ActiveMQ's form that are lines of text, with their labels. */
const headers = {
  JMSCorrelationID: 'Correlation ID',
  JMSReplyTo: 'Reply to',
  JMSType: 'Type',
  JMSXGroupID: 'Group ID',
  JMSPriority: 'Priority, 0 to 9',
  JMSTimeToLive: 'Time to live, milliseconds',
} as const;

const schedule = {
  AMQ_SCHEDULED_DELAY: 'Delay, milliseconds',
  AMQ_SCHEDULED_PERIOD: 'Interval, milliseconds',
  AMQ_SCHEDULED_REPEAT: 'Further deliveries',
  AMQ_SCHEDULED_CRON: 'Cron entry',
} as const;

/** Sends text messages. */
export function SendForm({ kind, name }: SendFormProps) {
  const [fields, setFields] = useState<Readonly<Record<string, string>>>({});
  const [isPersistent, setPersistent] = useState(true);
  const client = useQueryClient();
  const send = useMutation({
    mutationFn: () =>
      act<{ readonly isScheduled: boolean }>('sendMessage', {
        ...fields,
        JMSDestination: name,
        JMSDestinationType: kind,
        JMSPersistent: isPersistent,
      }),
    onSuccess: () =>
      Promise.all(
        ['queues', 'topics', 'subscribers', 'messages', 'scheduled'].map((key) =>
          client.invalidateQueries({ queryKey: [key] }),
        ),
      ),
  });
  const field = (key: string, label: string) => (
    <TextField
      key={key}
      label={label}
      value={fields[key] ?? ''}
      onChange={(value) => setFields({ ...fields, [key]: value })}
    />
  );
  const lines = (key: string, label: string, description?: string) => (
    <LinesField
      label={label}
      description={description}
      value={fields[key] ?? ''}
      onChange={(value) => setFields({ ...fields, [key]: value })}
    />
  );
  return (
    <MessageForm
      action="Send"
      send={send}
      result={
        send.data && (
          <Alert type="success">
            {send.data.isScheduled ? 'The message is scheduled.' : 'The message is sent.'}
          </Alert>
        )
      }
    >
      {lines('JMSText', 'Text')}
      <Checkbox checked={isPersistent} onChange={({ detail }) => setPersistent(detail.checked)}>
        Persistent: it survives a restart
      </Checkbox>
      {lines('properties', 'Properties', 'A JSON object of texts: {"region": "eu"}')}
      <ExpandableSection headerText="Header fields">
        <div className="console-fields">
          {Object.entries(headers).map(([key, label]) => field(key, label))}
        </div>
      </ExpandableSection>
      <ExpandableSection headerText="Schedule">
        <div className="console-fields">
          {Object.entries(schedule).map(([key, label]) => field(key, label))}
        </div>
      </ExpandableSection>
    </MessageForm>
  );
}
