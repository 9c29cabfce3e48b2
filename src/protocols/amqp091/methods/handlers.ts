import type { Channel } from '../channel.ts';
import type { Method } from '../codec/methods.gen.ts';

/** What handles methods of a channel: one function for each, by the method's id. */
export type Handlers = {
  readonly [Id in Method['id']]?: (
    channel: Channel,
    method: Extract<Method, { readonly id: Id }>,
  ) => void;
};

/** For a method that needs no answer and has no effect. */
export function ignore(): void {}
