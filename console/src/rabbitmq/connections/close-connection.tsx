// The question before a connection is closed.

import Box from '@cloudscape-design/components/box';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import { TextField } from '../../parts/fields.tsx';
import { useChange } from '../../parts/use-change.ts';
import { open } from '../../router.ts';
import { call } from '../api.ts';

interface CloseConnectionProps {
  readonly name: string;
  readonly onEnd: () => void;
}

/** Asks for the reason, which the client is told, and closes a connection. */
export function CloseConnection({ name, onEnd }: CloseConnectionProps) {
  const [reason, setReason] = useState('');
  // A header of HTTP.
  const isFine = /^[\x20-\x7e]{0,200}$/.test(reason);
  const close = useChange({
    call: () =>
      call('DELETE', ['connections', name], {
        headers: reason.trim() === '' ? {} : { 'X-Reason': reason.trim() },
      }),
    done: `The connection ${name} is closed.`,
    reads: ['connections', 'channels'],
    onDone: () => {
      onEnd();
      open('connections');
    },
  });
  return (
    <ConfirmDialog
      title="Close connection"
      action="Close connection"
      change={close}
      isReady={isFine}
      onDismiss={onEnd}
    >
      <SpaceBetween size="m">
        <Box>
          Messages that the client has not acknowledged are delivered again. Most clients connect
          again by themselves.
        </Box>
        <TextField
          label="Reason"
          description="The client is told. Up to 200 characters of ASCII."
          value={reason}
          onChange={setReason}
          {...(!isFine && { error: 'Only up to 200 characters of ASCII are possible.' })}
        />
      </SpaceBetween>
    </ConfirmDialog>
  );
}
