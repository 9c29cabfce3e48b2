// The question before an object is deleted.

import type { ReactNode } from 'react';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import { useChange } from '../../parts/use-change.ts';
import { call } from '../api.ts';
import { printable } from './name.tsx';

interface DeleteDialogProps {
  /** What it is: `queue`. */
  readonly kind: string;
  readonly name: string;
  /** The parts of the path of the object. */
  readonly path: readonly string[];
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

/** Asks before an object is deleted. */
export function DeleteDialog(props: DeleteDialogProps) {
  const { kind, name, path, action = 'Delete', children, isTyped = false, reads, onEnd } = props;
  const shown = printable(name);
  const change = useChange({
    call: () => call('DELETE', path),
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
      isBusy={change.isPending}
      error={change.error}
      onConfirm={() => change.mutate()}
      onDismiss={onEnd}
    >
      {children}
    </ConfirmDialog>
  );
}
