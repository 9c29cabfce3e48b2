// A question before something that cannot be undone, or that others notice.

import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { type ReactNode, useState } from 'react';
import { ErrorAlert } from './error-alert.tsx';
import { printable } from './printable.ts';
import type { StartableChange } from './use-change.ts';

interface ConfirmDialogProps {
  readonly title: string;
  readonly children: ReactNode;
  /** The name of the action. */
  readonly action: string;
  /** What must be typed first; nothing if it is left out. */
  readonly typed?: string;
  readonly warning?: ReactNode;
  readonly size?: 'medium' | 'large';
  /** What the confirmation starts. */
  readonly change: StartableChange;
  readonly isReady?: boolean;
  readonly onDismiss: () => void;
}

/** Asks before an action. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  const { title, children, action, typed, warning, change, isReady = true } = props;
  const [text, setText] = useState('');
  const isTyped = typed === undefined || text === typed;
  return (
    <Modal
      visible
      size={props.size ?? 'medium'}
      header={printable(title)}
      closeAriaLabel="Close"
      onDismiss={props.onDismiss}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={props.onDismiss}>
              Cancel
            </Button>
            <Button
              variant="primary"
              disabled={!isTyped || !isReady}
              loading={change.isPending}
              onClick={() => change.mutate()}
            >
              {action}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        {warning && <Alert type="warning">{warning}</Alert>}
        {children}
        {typed !== undefined && (
          <FormField label={`Type ${typed} to confirm`}>
            <Input
              value={text}
              onChange={({ detail }) => setText(detail.value)}
              autoComplete="off"
              spellcheck={false}
            />
          </FormField>
        )}
        <ErrorAlert error={change.error} />
      </SpaceBetween>
    </Modal>
  );
}
