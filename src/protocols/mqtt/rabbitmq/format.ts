// The message format of MQTT for brokers of RabbitMQ's type.

import type { ArgumentChanges, Arguments } from '../../../broker/arguments.ts';
import type { MessageFormat, RoutedProperty } from '../../../broker/format.ts';
import { HeadView, writeHead } from '../codec/head.ts';
import { readVisible } from '../codec/stored-properties.ts';
import { mqttFormat } from '../format.ts';
import { deathArguments, writeDeaths } from './conversion/deaths.ts';
import { fromProperties } from './conversion/from-properties.ts';
import { toProperties } from './conversion/to-properties.ts';

/** The functions of the format that the broker needs. */
export const rabbitMqMqttFormat: MessageFormat = {
  ...mqttFormat,

  /** User properties, and the deaths of a dead letter. */
  headers(buffer: Buffer, start: number, end: number): Arguments {
    const { hidden } = new HeadView().open(buffer, start, end);
    return { ...mqttFormat.headers(buffer, start, end), ...deathArguments(hidden) };
  },

  /** Of MQTT, only the correlation data can be hashed. */
  routedProperty(
    buffer: Buffer,
    start: number,
    end: number,
    name: RoutedProperty,
  ): string | undefined {
    if (name !== 'correlation_id') return undefined;
    const { visibleAt, visibleEnd } = new HeadView().open(buffer, start, end);
    return readVisible(buffer, visibleAt, visibleEnd).correlationData?.toString('latin1');
  },

  /** The properties that clients are sent stay as they are. */
  deadLetterHead(buffer: Buffer, start: number, end: number, changes: ArgumentChanges): Buffer {
    const view = new HeadView().open(buffer, start, end);
    const { qos, isRetained, isNative, origin } = view;
    return writeHead({
      qos,
      isRetained,
      isNative,
      ttlMs: -1,
      ...(origin !== undefined && { origin }),
      hidden: writeDeaths(view.hidden, changes),
      visible: buffer.subarray(view.visibleAt, view.visibleEnd),
    });
  },

  toProperties,

  fromProperties,
};
