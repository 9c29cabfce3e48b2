// Scheduling the deletion of a key.

import { ScheduleKeyDeletionCommand } from '@aws-sdk/client-kms';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import { useState } from 'react';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { useChange } from '../parts/use-change.ts';
import { kms } from './key-calls.ts';

interface DeleteKeyProps {
  readonly arn: string;
  readonly name: string;
  readonly onEnd: () => void;
}

/** Asks for how long the key is kept, and schedules its deletion. */
export function DeleteKey({ arn, name, onEnd }: DeleteKeyProps) {
  const [days, setDays] = useState('30');
  const schedule = useChange({
    call: () =>
      kms().send(new ScheduleKeyDeletionCommand({ KeyId: arn, PendingWindowInDays: Number(days) })),
    done: `The key ${name} will be deleted in ${days} days.`,
    reads: ['key', 'keys', 'broker', 'brokers', 'events'],
    onDone: onEnd,
  });
  const isValid = /^([7-9]|[12]\d|30)$/.test(days);
  return (
    <ConfirmDialog
      title={`Schedule the deletion of ${name}`}
      action="Schedule deletion"
      typed={name}
      warning="Brokers that use the key stop at once, as if it were disabled. After the waiting time, nobody can read what it encrypts, backups included. Until then, the deletion can be cancelled."
      isReady={isValid}
      change={schedule}
      onDismiss={onEnd}
    >
      <FormField label="Waiting time, days" errorText={isValid ? '' : 'Use 7 to 30 days.'}>
        <Input value={days} inputMode="numeric" onChange={({ detail }) => setDays(detail.value)} />
      </FormField>
    </ConfirmDialog>
  );
}
