// The operations of the management node.

import { BrokerError } from '../../../../broker/errors.ts';
import type { Item } from '../../codec/items.ts';
import type { RabbitMqConnection } from '../dialect.ts';
import { addBinding, listBindings, removeBinding } from './bindings.ts';
import { declareExchange, deleteExchange } from './exchanges.ts';
import { parsePath } from './path.ts';
import { declareQueue, deleteQueue, getQueue, purgeQueue } from './queues.ts';
import type { Request } from './request.ts';
import { failure, RequestError, type Response } from './response.ts';

/** A request with what its path contains. */
export interface Call {
  readonly own: RabbitMqConnection;
  /** The last segment that is a name, as it was sent. */
  readonly part: string | undefined;
  readonly query: ReadonlyMap<string, string>;
  readonly body: Item;
}

type Operation = (call: Call, answer: (response: Response) => void) => void;

/** The operations that are answered at once, by their method and the shape of their path. */
const immediate: ReadonlyMap<string, (call: Call) => Response> = new Map([
  ['GET queues/*', getQueue],
  ['PUT queues/*', declareQueue],
  ['DELETE queues/*', deleteQueue],
  ['PUT exchanges/*', declareExchange],
  ['DELETE exchanges/*', deleteExchange],
  ['POST bindings', addBinding],
  ['GET bindings', listBindings],
  ['DELETE bindings/*', removeBinding],
]);

function operationOf(method: string, segments: readonly string[]): Operation | undefined {
  const [kind = '', part, detail] = segments;
  if (method === 'DELETE' && kind === 'queues' && detail === 'messages' && segments.length === 3) {
    return purgeQueue;
  }
  if (segments.length > 2) return undefined;
  const found = immediate.get(`${method} ${kind}${part === undefined ? '' : '/*'}`);
  return found && ((call, answer) => answer(found(call)));
}

/**
 * Performs a request.
 *
 * @param answer called with the response, later if messages must be removed in steps
 * @throws {AmqpError} `unauthorized-access` with scope `session` if the user has no permission
 */
export function perform(
  own: RabbitMqConnection,
  { method, target, body }: Request,
  answer: (response: Response) => void,
): void {
  try {
    const { segments, query } = parsePath(target);
    const operation = operationOf(method, segments);
    if (operation === undefined) {
      const what = `${method.slice(0, 20)} ${target.slice(0, 200)}`;
      throw new RequestError('400', `the management node does not support ${what}`);
    }
    operation({ own, part: segments[1], query, body }, answer);
  } catch (thrown) {
    answer(failure(toRequestError(thrown)));
  }
}

/** The error of a request; others end the session or connection. */
function toRequestError(thrown: unknown): RequestError {
  if (thrown instanceof RequestError) return thrown;
  if (!(thrown instanceof BrokerError)) throw thrown;
  const { code, message } = thrown;
  if (code === 'precondition-failed') {
    return new RequestError(message.startsWith('cannot declare ') ? '403' : '409', message);
  }
  return new RequestError(code === 'access-refused' ? '403' : '400', message);
}
