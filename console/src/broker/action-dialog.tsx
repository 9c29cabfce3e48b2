// The question before an object is deleted, or something else happens to it.

import type { ReactNode } from 'react';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { printable } from '../parts/printable.ts';
import { useChange } from '../parts/use-change.ts';

interface ActionDialogProps {
  /** What it is: `queue`. */
  readonly kind: string;
  readonly name: string;
  readonly call: () => Promise<unknown>;
  readonly action?: string;
  /** What happens. */
  readonly children: ReactNode;
  /** Whether the name must be typed first. */
  readonly isTyped?: boolean;
  readonly done?: string;
  readonly reads: readonly string[];
  readonly onDone?: () => void;
  readonly onEnd: () => void;
}

/** Asks before an action. */
export function ActionDialog(props: ActionDialogProps) {
  const { kind, name, call, action = 'Delete', children, isTyped = false, reads, onEnd } = props;
  const shown = printable(name);
  const change = useChange({
    call,
    done: props.done ?? `The ${kind} ${shown} is deleted.`,
    reads,
    onDone: () => {
      onEnd();
      props.onDone?.();
    },
  });
  return (
    <ConfirmDialog
      title={`${action} ${shown}`}
      action={action}
      {...(isTyped && { typed: shown })}
      change={change}
      onDismiss={onEnd}
    >
      {children}
    </ConfirmDialog>
  );
}
