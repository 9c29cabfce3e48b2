// A channel of a client's connection.

import type { ArgumentChanges } from '../../broker/arguments.ts';
import { type Method, methodIds } from '../../protocols/amqp091/codec/methods.gen.ts';
import type { FieldTable } from '../../protocols/amqp091/codec/tables.ts';
import { TransferError } from '../errors.ts';
import type { AmqpClient } from './client.ts';
import { headerFrame, methodFrame, writeBodyFrames } from './frames.ts';

/** Maximum size of the body of a message, bytes: the largest that a broker stores. */
const bodyBytesMax = 128 * 1024 * 1024;

/** A message that the server has delivered. */
export interface Delivered {
  readonly deliveryTag: number;
  readonly isRedelivered: boolean;
  readonly exchange: string;
  readonly routingKey: string;
  /** Property flags and properties, as the sender encoded them. */
  readonly head: Buffer;
  /** The body: parts of what was received. */
  readonly parts: readonly Buffer[];
  readonly bodyBytes: number;
}

/** A message to publish. */
export type Outgoing = Pick<
  Delivered,
  'exchange' | 'routingKey' | 'head' | 'parts' | 'bodyBytes'
> & {
  /** Whether the server returns a message that no queue gets. */
  readonly isMandatory: boolean;
};

/** Events of a channel. */
export interface ChannelEvents {
  delivered(message: Delivered): void;
  /** The server has confirmed publishes: that of the tag, or all up to it. */
  confirmed(tag: number, isMultiple: boolean): void;
  /** The server could not take publishes. */
  refused(tag: number, isMultiple: boolean): void;
  /** A mandatory message reached no queue. The server also confirms it, later. */
  returned(reason: string): void;
  /** The server has ended the consumer, for example because its queue was deleted. */
  cancelled(): void;
  ended(reason: TransferError): void;
}

type MethodId = Method['id'];
type MethodOf<Id extends MethodId> = Extract<Method, { id: Id }>;

interface Call {
  readonly answerId: MethodId;
  readonly resolve: (answer: Method) => void;
  readonly reject: (error: TransferError) => void;
}

type Begun = { readonly deliver: Omit<Delivered, 'head' | 'parts' | 'bodyBytes'> } | 'returned';

/** How a queue is declared. */
export interface QueueToDeclare {
  readonly isPassive?: boolean;
  readonly isDurable?: boolean;
  readonly isExclusive?: boolean;
  readonly arguments?: FieldTable;
}

/** How a queue is consumed from. */
export interface Consumption {
  readonly isAcknowledged: boolean;
  readonly arguments: ArgumentChanges;
}

/** A channel. Methods that the server answers reject with a `TransferError`. */
export class ClientChannel {
  events: ChannelEvents | undefined = undefined;
  readonly client: AmqpClient;
  readonly #number: number;
  readonly #calls: Call[] = [];
  #end: TransferError | undefined = undefined;
  /** The message whose content is arriving. */
  #begun: Begun | undefined = undefined;
  #head: Buffer = Buffer.alloc(0);
  #parts: Buffer[] = [];
  #bodyBytes = 0;
  #missingBytes = 0;
  #publishedCount = 0;

  constructor(client: AmqpClient, number: number) {
    this.client = client;
    this.#number = number;
  }

  /** Sends a method and waits for its answer. */
  call<Id extends MethodId>(method: Method, answerId: Id): Promise<MethodOf<Id>> {
    if (this.#end !== undefined) return Promise.reject(this.#end);
    return new Promise((resolve, reject) => {
      // The answer is one of this id.
      this.#calls.push({ answerId, resolve: resolve as (answer: Method) => void, reject });
      this.client.send(this.#number, method);
    });
  }

  /** Sends a method without an answer. */
  send(method: Method): void {
    this.client.send(this.#number, method);
  }

  /** Declares a queue. */
  declareQueue(queue: string, how: QueueToDeclare = {}) {
    return this.call(
      {
        id: methodIds.queueDeclare,
        queue,
        passive: how.isPassive ?? false,
        durable: how.isDurable ?? false,
        exclusive: how.isExclusive ?? false,
        autoDelete: false,
        noWait: false,
        arguments: how.arguments ?? {},
      },
      methodIds.queueDeclareOk,
    );
  }

  async bindQueue(queue: string, exchange: string, routingKey: string): Promise<void> {
    const binding = { queue, exchange, routingKey, noWait: false, arguments: {} };
    await this.call({ id: methodIds.queueBind, ...binding }, methodIds.queueBindOk);
  }

  async setPrefetch(prefetchCount: number): Promise<void> {
    const qos = { prefetchSize: 0, prefetchCount, global: false };
    await this.call({ id: methodIds.basicQos, ...qos }, methodIds.basicQosOk);
  }

  async confirmSelect(): Promise<void> {
    await this.call({ id: methodIds.confirmSelect, noWait: false }, methodIds.confirmSelectOk);
  }

  /** Begins to consume. */
  async consume(queue: string, { isAcknowledged, arguments: args }: Consumption): Promise<void> {
    await this.call(
      {
        id: methodIds.basicConsume,
        queue,
        consumerTag: '',
        noLocal: false,
        noAck: !isAcknowledged,
        exclusive: false,
        noWait: false,
        arguments: args as FieldTable,
      },
      methodIds.basicConsumeOk,
    );
  }

  /** Publishes a message. @returns the tag of its confirm, from 1 */
  publish({ exchange, routingKey, isMandatory, head, parts, bodyBytes }: Outgoing): number {
    const { client } = this;
    const publish = { exchange, routingKey, mandatory: isMandatory, immediate: false };
    client.write(methodFrame(this.#number, { id: methodIds.basicPublish, ...publish }));
    client.write(headerFrame(this.#number, head, bodyBytes));
    writeBodyFrames(this.#number, parts, client.frameMax, (bytes) => client.write(bytes));
    return ++this.#publishedCount;
  }

  /** Acknowledges a delivery, or all up to it. */
  ack(deliveryTag: number, multiple: boolean): void {
    this.send({ id: methodIds.basicAck, deliveryTag, multiple });
  }

  /** Puts a delivery back into its queue. */
  requeue(deliveryTag: number): void {
    const nack = { deliveryTag, multiple: false, requeue: true };
    this.send({ id: methodIds.basicNack, ...nack });
  }

  /** Closes the channel; everything sent before has its effect. */
  async close(): Promise<void> {
    const close = { replyCode: 200, replyText: 'Goodbye', classId: 0, methodId: 0 };
    await this.call({ id: methodIds.channelClose, ...close }, methodIds.channelCloseOk);
    this.ended(new TransferError('channel-closed', 'the channel was closed'));
  }

  /** The connection has ended, or the server has closed the channel. */
  ended(reason: TransferError): void {
    if (this.#end !== undefined) return;
    this.#end = reason;
    this.client.forget(this.#number);
    for (const { reject } of this.#calls.splice(0)) reject(reason);
    this.events?.ended(reason);
  }

  /** A method of the server. */
  method(method: Method): void {
    if (this.#begun !== undefined) throw unexpected('a method inside of a message');
    switch (method.id) {
      case methodIds.basicDeliver: {
        const { deliveryTag, redelivered: isRedelivered, exchange, routingKey } = method;
        this.#begun = { deliver: { deliveryTag, isRedelivered, exchange, routingKey } };
        return;
      }
      case methodIds.basicReturn:
        this.events?.returned(`${method.replyCode} ${method.replyText.slice(0, 200)}`);
        this.#begun = 'returned';
        return;
      case methodIds.basicAck:
        this.events?.confirmed(method.deliveryTag, method.multiple);
        return;
      case methodIds.basicNack:
        this.events?.refused(method.deliveryTag, method.multiple);
        return;
      case methodIds.basicCancel:
        this.events?.cancelled();
        return;
      case methodIds.channelFlow:
        this.client.send(this.#number, { id: methodIds.channelFlowOk, active: method.active });
        return;
      case methodIds.channelClose: {
        const { replyCode, replyText } = method;
        this.client.send(this.#number, { id: methodIds.channelCloseOk });
        const text = `${replyCode} ${replyText.slice(0, 500)}`;
        this.ended(new TransferError('channel-closed', text, { replyCode }));
        return;
      }
      default:
        this.#answer(method);
    }
  }

  #answer(method: Method): void {
    const call = this.#calls.shift();
    if (call?.answerId !== method.id) throw unexpected('an answer to no request');
    call.resolve(method);
  }

  /** The header frame of a message. */
  header(payload: Buffer): void {
    if (this.#begun === undefined) throw unexpected('a header without a message');
    if (payload.length < 14) throw unexpected(`a header of ${payload.length} bytes`);
    const size = Number(payload.readBigUInt64BE(4));
    if (size > bodyBytesMax) {
      throw unexpected(`a body of ${size} bytes; ${bodyBytesMax} are allowed`);
    }
    this.#head = payload.subarray(12);
    this.#bodyBytes = size;
    this.#missingBytes = size;
    this.#parts = [];
    if (size === 0) this.#complete();
  }

  /** A part of the body of a message. */
  body(part: Buffer): void {
    if (part.length === 0) return;
    if (this.#begun === undefined || part.length > this.#missingBytes) {
      throw unexpected('a body that is longer than its header states');
    }
    this.#missingBytes -= part.length;
    if (this.#begun !== 'returned') this.#parts.push(part);
    if (this.#missingBytes === 0) this.#complete();
  }

  #complete(): void {
    const begun = this.#begun;
    this.#begun = undefined;
    const message = { head: this.#head, parts: this.#parts, bodyBytes: this.#bodyBytes };
    this.#parts = [];
    if (begun !== undefined && begun !== 'returned') {
      this.events?.delivered({ ...begun.deliver, ...message });
    }
  }
}

function unexpected(what: string): TransferError {
  return new TransferError('protocol-error', `the server sent ${what}`);
}
