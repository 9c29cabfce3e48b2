// The question before messages are sent elsewhere.

import Box from '@cloudscape-design/components/box';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { type ReactNode, useState } from 'react';
import { countText } from '../../broker/numbers.ts';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import { TextField } from '../../parts/fields.tsx';
import { useChange } from '../../parts/use-change.ts';

/** What happened to messages; a single one has no counts. */
interface Counts {
  readonly sentCount?: number;
  readonly skippedCount?: number;
}

interface TransferDialogProps {
  readonly title: string;
  /** `Move` */
  readonly action: string;
  /** Whether a queue must be named. */
  readonly hasTarget?: boolean;
  readonly call: (destination: string) => Promise<unknown>;
  /** What happens. */
  readonly children: ReactNode;
  readonly onEnd: () => void;
}

function textOf({ sentCount, skippedCount = 0 }: Counts): string {
  if (sentCount === undefined) return 'The message is sent.';
  const stayed =
    skippedCount === 0 ? '' : ` ${countText(skippedCount)} could not be sent, and stay.`;
  return `${countText(sentCount)} messages are sent.${stayed}`;
}

/** Asks where messages go, and tells how many went there. */
export function TransferDialog(props: TransferDialogProps) {
  const { title, action, hasTarget = false, call, children, onEnd } = props;
  const [to, setTo] = useState('');
  const change = useChange<void, Counts>({
    call: async () => (await call(to)) as Counts,
    done: (_, counts) => textOf(counts),
    reads: ['queues', 'messages', 'overview'],
    onDone: onEnd,
  });
  return (
    <ConfirmDialog
      title={title}
      action={action}
      change={change}
      isReady={!hasTarget || to !== ''}
      onDismiss={onEnd}
    >
      <SpaceBetween size="m">
        <Box>{children}</Box>
        {hasTarget && (
          <TextField
            label="To the queue"
            description="It is created if it does not exist."
            value={to}
            onChange={setTo}
          />
        )}
      </SpaceBetween>
    </ConfirmDialog>
  );
}
