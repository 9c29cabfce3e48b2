// Calls that change something.

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { notify } from '../notices.ts';

/** A call that changes something, and what follows. */
interface Change<Input, Result> {
  readonly call: (input: Input) => Promise<Result>;
  /** What is shown when the call succeeded. */
  readonly done: string | ((input: Input, result: Result) => string);
  /** The first parts of the keys of what is read again. */
  readonly reads: readonly string[];
  readonly onDone?: () => void;
}

/** A change for dialogs and forms, which show its state: what `useChange` and `useMutation` return. */
export interface StartableChange {
  readonly isPending: boolean;
  readonly error: unknown;
  readonly mutate: () => void;
}

/** Prepares a call that changes something. Its errors are left to the component. */
export function useChange<Input = void, Result = unknown>({
  call,
  done,
  reads,
  onDone,
}: Change<Input, Result>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: call,
    onSuccess: (result, input) => {
      notify('success', typeof done === 'string' ? done : done(input, result));
      onDone?.();
    },
    // Also after a failure: a part may be done, or somebody else was first.
    onSettled: () => Promise.all(reads.map((key) => client.invalidateQueries({ queryKey: [key] }))),
  });
}
