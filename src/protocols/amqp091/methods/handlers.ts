// The type of method handlers.

import type { Channel } from '../channel.ts';
import type { Method } from '../codec/methods.gen.ts';

/** The handlers of channel methods by method id. */
export type Handlers = {
  readonly [Id in Method['id']]?: (
    channel: Channel,
    method: Extract<Method, { readonly id: Id }>,
  ) => void;
};

/** The handler of a method without answer and effect. */
export function ignore(): void {}
