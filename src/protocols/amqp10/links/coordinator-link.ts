// Links to the coordinator, on which transactions are declared and discharged (part 4).

import { Decoder } from '../codec/decoder.ts';
import {
  type Attach,
  type Composite,
  compositeCodes,
  readComposite,
} from '../codec/performatives.gen.ts';
import { AmqpError, decodeError, toAmqpError } from '../errors.ts';
import type { MessageRules } from '../messages/message-rules.ts';
import { SectionScan, sections } from '../messages/sections.ts';
import type { Session } from '../session.ts';
import type { AmqpTransaction } from '../transactions.ts';
import { errorOf, type IncomingDelivery, ReceivingLink } from './receiving-link.ts';

/** Commands are not messages for queues. */
const commandRules: MessageRules = {
  isDurableByDefault: false,
  defaultPriority: 0,
  priorityMax: 0,
  isZeroUnlimited: true,
  hasAbsoluteExpiry: false,
  requiresBody: false,
  annotationMark: Buffer.from('x-'),
  propertyMark: undefined,
};

/** Maximum size of a message to the coordinator, in bytes. */
const controlBytesMax = 4096;

const decoder = new Decoder();
const scan = new SectionScan();

/** A link on which transactions are declared and discharged. */
export class CoordinatorLink extends ReceivingLink {
  constructor(session: Session, attach: Attach) {
    super(session, attach, { dynamic: undefined, bytesMax: controlBytesMax, rules: commandRules });
  }

  protected override received(delivery: IncomingDelivery): void {
    const { host, confirms } = this.session;
    this.message.complete(0, host.broker.nowMs(), false);
    const command = this.#readCommand();
    if (command.code === compositeCodes.declare) {
      if (command.globalId !== undefined) throw noGlobal();
      const { id } = host.transactions.declare(this);
      confirms.settle(delivery.deliveryId, { code: compositeCodes.declared, txnId: id });
    } else if (command.code === compositeCodes.discharge) {
      const transaction = host.transactions.take(command.txnId);
      if (command.fail === true) {
        const done = host.guarded(() => confirms.accept(delivery.deliveryId, 0));
        host.gate.finishFirst(transaction.rollback(), done);
      } else this.#commit(transaction, delivery.deliveryId);
    } else throw decodeError('a message to the coordinator is not declare or discharge');
  }

  #readCommand(): Composite {
    const { parts, partStarts, partEnds, partCount } = this.message.publication;
    const pieces = parts
      .slice(0, partCount)
      .map((part, at) => part.subarray(partStarts[at], partEnds[at]));
    const bytes = Buffer.concat(pieces);
    if (!scan.read(bytes, 0, bytes.length) || scan.code !== sections.value) {
      throw decodeError('a message to the coordinator has no value');
    }
    return readComposite(decoder.reset(bytes, scan.valueAt, scan.end));
  }

  #commit(transaction: AmqpTransaction, deliveryId: number): void {
    const { host, confirms } = this.session;
    const { broken } = transaction;
    if (broken !== undefined) {
      host.gate.finishFirst(transaction.rollback());
      const why = `the transaction was rolled back, because a message in it failed: ${broken}`;
      throw new AmqpError('transaction:rollback', why, { scope: 'link' });
    }
    function* steps(): Generator<void> {
      try {
        confirms.accept(deliveryId, yield* transaction.commit());
      } catch (thrown) {
        const error = toAmqpError(thrown, 'link');
        if (error.code === 'internal-error') {
          host.failed(thrown);
          return;
        }
        const rolledBack = new AmqpError('transaction:rollback', error.message, { scope: 'link' });
        confirms.settle(deliveryId, {
          code: compositeCodes.rejected,
          error: errorOf(rolledBack),
        });
      }
    }
    host.gate.finishFirst(steps());
  }

  override *release(): Generator<void> {
    this.isOver = true;
    yield* this.session.host.transactions.rollbackAll(this);
    yield* super.release();
  }
}

/** Work in a transaction of several resources would be committed without the others. */
function noGlobal(): AmqpError {
  const why = 'a transaction with a global-id is declared; only local transactions are supported';
  return new AmqpError('not-implemented', why, { scope: 'link' });
}
