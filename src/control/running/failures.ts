// Failures of engines, and what their brokers need then.

import { WaxwingError } from '../../base/errors.ts';
import type { RequiredAction } from '../broker-record.ts';

/** The engine cannot create or run the broker, and a retry would not help. */
export class EngineFailure extends WaxwingError {}

/** The action that the owner of a broker must take after a failure. */
export function actionOf(code: string, info: string): RequiredAction {
  const name = code.toUpperCase().replaceAll('-', '_');
  // Some are those of Amazon MQ.
  return { code: name.startsWith('RABBITMQ_') ? name : `BROKER_${name}`, info };
}
