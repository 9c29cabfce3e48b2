// ActiveMQ's transformations of map messages.

import { conversionWork } from '../../../../broker/conversion/converted.ts';
import type { Properties } from '../../../../broker/conversion/properties.ts';
import { type Field, textValue, type Value } from '../../../../broker/conversion/value.ts';
import { type Element, fieldsOf, MapError, mapElement } from './maps/elements.ts';
import { fromJsonText, toJsonText } from './maps/json.ts';
import { fromXml, toXml } from './maps/xml.ts';

/** The header that names the transformation of a message, or that a subscription asks for. */
export const transformationHeader = 'transformation';
/** The header of a message whose transformation failed. */
const errorHeader = 'transformation-error';

/** Maximum length of a map as text, characters. A longer one is passed on as it is. */
export const mapTextLengthMax = 65_536;

/**
 * A character that is read counts as this many converted bytes. A map of {@link mapTextLengthMax} then
 * takes the deliveries of a whole turn: hostile ones take 10 ms.
 */
const mapTextWeight = 32;

/** Transformations that make a map of a text. */
const ofMessages: Readonly<Record<string, (text: string) => Field[]>> = {
  'jms-map-json': (text) => fieldsOf(fromJsonText(text)),
  'jms-map-xml': (text) => fieldsOf(fromXml(text)),
};

/** Transformations that a subscription can ask for, and the name that its maps then have. */
const ofSubscriptions: Readonly<Record<string, string>> = {
  'jms-json': 'jms-map-json',
  'jms-map-json': 'jms-map-json',
  'jms-xml': 'jms-map-xml',
  'jms-map-xml': 'jms-map-xml',
};

/**
 * Applies the transformation that the sender of a text named. If it fails, the body stays text, and a
 * header states the reason.
 */
export function transformed(
  properties: Properties,
  transformation: string | undefined,
): Properties {
  const { body, headers } = properties;
  if (transformation === undefined || body.kind !== 'text' || body.text === '') return properties;
  const read = Object.hasOwn(ofMessages, transformation) ? ofMessages[transformation] : undefined;
  try {
    if (read === undefined) throw new MapError('the transformation is not supported');
    if (body.text.length > mapTextLengthMax) {
      const found = `the map has ${body.text.length} characters`;
      throw new MapError(`${found}; at most ${mapTextLengthMax} are transformed`);
    }
    conversionWork.bytes += body.text.length * mapTextWeight;
    return {
      ...properties,
      body: { kind: 'value', value: { type: 'map', value: read(body.text) } },
    };
  } catch (error) {
    if (!(error instanceof MapError)) throw error;
    return { ...properties, headers: [...headers, [errorHeader, textValue(error.message)]] };
  }
}

/**
 * Replaces the body of a map by text in the form that its transformation names. If it is too large, it
 * stays a map, and a header states the reason.
 */
export function withMapText(properties: Properties): Properties {
  const { body, headers } = properties;
  if (body.kind !== 'value' || body.value.type !== 'map') return properties;
  const [, named] = headers.find(([name]) => name === transformationHeader) ?? [];
  const write = named?.type === 'string' ? writerOf(named.value) : undefined;
  if (write === undefined) return properties;
  const length = lengthOf(body.value);
  if (length > mapTextLengthMax) {
    const reason = textValue(`the map has more than ${mapTextLengthMax} characters`);
    const others = headers.filter(([name]) => name !== transformationHeader);
    return { ...properties, headers: [...others, [errorHeader, reason]] };
  }
  conversionWork.bytes += length * mapTextWeight;
  return { ...properties, body: { kind: 'text', text: write(mapElement(body.value.value)) } };
}

/** Characters that an element counts as, without its text. A map that was read as JSON can be written. */
const elementLength = 8;

/** The approximate length of a value as text, characters; it is counted up to the maximum only. */
function lengthOf({ type, value }: Value): number {
  if (type === 'map' || type === 'list') {
    let length = elementLength;
    for (const each of value) {
      const [name, inner] = 'type' in each ? [undefined, each] : each;
      length += lengthOf(inner) + (name === undefined ? 0 : name.length + elementLength);
      if (length > mapTextLengthMax) break;
    }
    return length;
  }
  return elementLength + (typeof value === 'string' || type === 'binary' ? value.length : 0);
}

function writerOf(transformation: string): ((element: Element) => string) | undefined {
  if (transformation === 'jms-map-json') return toJsonText;
  return transformation === 'jms-map-xml' ? (element) => toXml(element) : undefined;
}

/**
 * Returns the properties of a message for a subscription that asks for a transformation.
 *
 * @param transformation one of those of {@link subscriptionTransformation}
 */
export function withTransformation(properties: Properties, transformation: string): Properties {
  const { body } = properties;
  if (body.kind !== 'value' || body.value.type !== 'map') return properties;
  const others = properties.headers.filter(([name]) => name !== transformationHeader);
  return { ...properties, headers: [[transformationHeader, textValue(transformation)], ...others] };
}

/** Returns the transformation of maps that a subscription asks for; undefined if there is none. */
export function subscriptionTransformation(header: string | undefined): string | undefined {
  const name = header?.trim() ?? '';
  return Object.hasOwn(ofSubscriptions, name) ? ofSubscriptions[name] : undefined;
}
