// Calls that change something.

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { notify } from '../notices.ts';

/** A call that changes something, and what follows. */
interface Change<Input> {
  readonly call: (input: Input) => Promise<unknown>;
  /** What is shown when the call succeeded. */
  readonly done: string | ((input: Input) => string);
  /** The first parts of the keys of what is read again. */
  readonly reads: readonly string[];
  readonly onDone?: () => void;
}

/** Prepares a call that changes something. Its errors are left to the component. */
export function useChange<Input = void>({ call, done, reads, onDone }: Change<Input>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: call,
    onSuccess: async (_, input) => {
      notify('success', typeof done === 'string' ? done : done(input));
      onDone?.();
      await Promise.all(reads.map((key) => client.invalidateQueries({ queryKey: [key] })));
    },
  });
}
