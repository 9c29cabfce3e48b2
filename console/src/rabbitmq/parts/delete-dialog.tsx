// The question before an object is deleted.

import type { ComponentProps } from 'react';
import { ActionDialog } from '../../broker/action-dialog.tsx';
import { call } from '../api.ts';

interface DeleteDialogProps extends Omit<ComponentProps<typeof ActionDialog>, 'call'> {
  /** The parts of the path of the object. */
  readonly path: readonly string[];
}

/** Asks before an object is deleted. */
export function DeleteDialog({ path, ...others }: DeleteDialogProps) {
  return <ActionDialog {...others} call={() => call('DELETE', path)} />;
}
