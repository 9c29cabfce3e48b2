// The formats of the thread that converts large messages.

import type { TargetFormat, TargetTerms } from '../../../broker/conversion/target-format.ts';
import { type FormatName, formatNumbers, type MessageFormat } from '../../../broker/format.ts';
import { amqp10Format, formatWithDestination } from '../../../protocols/amqp10/format.ts';
import { rabbitMqFormat } from '../../../protocols/amqp10/rabbitmq/conversion/format.ts';
import { amqp091Format } from '../../../protocols/amqp091/format.ts';
import { mqttFormat } from '../../../protocols/mqtt/format.ts';
import { rabbitMqMqttFormat } from '../../../protocols/mqtt/rabbitmq/format.ts';
import { openwireFormat } from '../../../protocols/openwire/format.ts';
import { stompFormat, transformingFormat } from '../../../protocols/stomp/activemq/format.ts';
import type { ConversionThreadData } from './messages.ts';

const ofActiveMq = [amqp10Format, mqttFormat, openwireFormat, stompFormat];
const ofRabbitMq = [amqp091Format, rabbitMqFormat, rabbitMqMqttFormat];

/** The formats of a type of broker. */
export class ConversionFormats {
  readonly #formats: readonly MessageFormat[];

  constructor(formats: readonly MessageFormat[]) {
    this.#formats = formats;
  }

  /** The format with a number, as `Broker.formatOf`. */
  ofNumber(number: number): MessageFormat | undefined {
    return this.#formats.find(({ name }) => formatNumbers[name] === number);
  }

  /**
   * The format to which a consumer's messages are converted.
   *
   * @throws {Error} if brokers of this type have no such format
   */
  target(name: FormatName, terms: TargetTerms | undefined): TargetFormat {
    const { transformation, to } = terms ?? {};
    if (to !== undefined) return formatWithDestination(to);
    const found =
      transformation === undefined
        ? this.#formats.find((format) => format.name === name)
        : transformingFormat(transformation);
    if (found === undefined) throw new Error(`there is no conversion to ${name}`);
    return found;
  }
}

/** The formats of the broker that a thread belongs to. */
export function formatsOf({ isActiveMq }: ConversionThreadData): ConversionFormats {
  return new ConversionFormats(isActiveMq ? ofActiveMq : ofRabbitMq);
}
