// SUBSCRIBE and UNSUBSCRIBE.

import type { SessionSubscription } from '../../../broker/sessions/stored-session.ts';
import { type ParsedFilter, parseFilter, requireNoControls } from '../address.ts';
import type { FieldReader } from '../codec/fields.ts';
import { subackPacket } from '../codec/packets.ts';
import { propertyIds, readProperties } from '../codec/properties.ts';
import { MqttError, malformed, protocolError, reasons, toMqttError } from '../errors.ts';
import type { MqttHost } from '../host.ts';
import { packetFilterCountMax } from '../limits.ts';
import type { EarlierMessages, EarlierReader } from '../sessions/earlier-reader.ts';

/** Units of work of about a microsecond that a filter takes. */
const filterUnits = 16;

/** Number of filters that are read in one step. */
const readPerStep = 8;

/** A filter of a packet, or the reason why it is refused. */
interface Request {
  readonly parsed: ParsedFilter | undefined;
  readonly options: number;
  readonly reason: number;
}

/** The refusals of one packet. */
interface Refusals {
  /** The error that ends the connection after the answer, if there is one. */
  ends: MqttError | undefined;
}

/** Handles SUBSCRIBE, one filter a step. SUBACK is sent after all of them are durable. */
export function subscribe(host: MqttHost, earlier: EarlierReader, fields: FieldReader): void {
  const packetId = readPacketId(fields);
  const properties = host.version === 5 ? readProperties(fields, 'subscribe') : undefined;
  const id = properties?.number(propertyIds.subscriptionId) ?? 0;
  const readOptions = (parsed: ParsedFilter | undefined): number => {
    const options = fields.u8();
    checkOptions(options, host.version === 5, parsed);
    return options;
  };
  const { broker } = host;
  const codes: number[] = [];
  const added: EarlierMessages[] = [];
  const refusals: Refusals = { ends: undefined };
  function* steps(): Generator<void> {
    try {
      for (const request of yield* readFilters(host, fields, readOptions)) {
        codes.push(addOne(host, request, id, added, refusals));
        yield;
      }
    } catch (thrown) {
      host.failed(thrown);
    }
  }
  const done = () => {
    const group = host.session.isStored ? broker.store.definedGroup : 0;
    const packet = subackPacket('suback', host.version, packetId, codes);
    if (isTooLarge(host, packet)) return;
    host.answers.say(group, packet, () => {
      if (refusals.ends !== undefined) host.failed(refusals.ends);
      for (const wanted of added) earlier.add(wanted);
      earlier.work();
    });
    broker.store.log.sync();
  };
  host.gate.finishFirst(steps(), () => {
    if (codes.length > 0) done();
  });
}

/** Ends the connection if the client does not accept an answer of this size. [MQTT-3.1.2-24] */
function isTooLarge(host: MqttHost, { length }: Buffer): boolean {
  const allowed = host.packetBytesMax;
  if (length <= allowed) return false;
  const why = `the answer has ${length} bytes; the client accepts ${allowed}`;
  host.failed(new MqttError('peer', 'packetTooLarge', why));
  return true;
}

function readPacketId(fields: FieldReader): number {
  const id = fields.u16();
  if (id === 0) throw protocolError('a packet id is 0'); // [MQTT-2.2.1-3]
  return id;
}

/** Reads all filters, in steps. The fields are not used for another packet meanwhile. */
function* readFilters(
  { gate }: MqttHost,
  fields: FieldReader,
  readOptions: (parsed: ParsedFilter | undefined) => number,
): Generator<void, Request[]> {
  const requests: Request[] = [];
  while (fields.left > 0) {
    if (requests.length >= packetFilterCountMax) {
      throw malformed(`a packet has more than ${packetFilterCountMax} filters`);
    }
    const { parsed, reason } = readFilter(fields.text());
    requests.push({ parsed, options: readOptions(parsed), reason });
    gate.count(filterUnits);
    if (requests.length % readPerStep === 0) yield;
  }
  // [MQTT-3.8.3-2] [MQTT-3.10.3-2]
  if (requests.length === 0) throw protocolError('a packet has no filters');
  return requests;
}

/** A filter that is too long is refused; one that is invalid ends the connection. */
function readFilter(text: string): Pick<Request, 'parsed' | 'reason'> {
  try {
    return { parsed: parseFilter(text), reason: 0 };
  } catch (thrown) {
    const error = toMqttError(thrown);
    if (error.code !== 'refused') throw error;
    return { parsed: undefined, reason: error.reasonCode };
  }
}

function checkOptions(options: number, isNew: boolean, parsed: ParsedFilter | undefined): void {
  const reserved = isNew ? 0xc0 : 0xfc;
  // [MQTT-3.8.3-5]
  if ((options & reserved) !== 0) throw malformed('reserved bits of a subscription are set');
  if ((options & 3) === 3) throw malformed('the quality of service of a subscription is 3');
  if (((options >> 4) & 3) === 3) throw protocolError('the retain handling of a subscription is 3');
  // [MQTT-3.8.3-4]
  if (parsed?.shareName !== undefined && (options & 4) !== 0) {
    throw protocolError('a shared subscription excludes messages of the same client');
  }
}

/** Adds a subscription and returns its code in SUBACK. */
function addOne(
  host: MqttHost,
  { parsed, options, reason }: Request,
  id: number,
  added: EarlierMessages[],
  refusals: Refusals,
): number {
  const { terms } = host.dialect;
  const qos = Math.min(options & 3, terms.qosMax);
  if (parsed === undefined) return refusedCode(host, reason, qos);
  const subscription: SessionSubscription = {
    filter: parsed.text,
    qos,
    isNoLocal: (options & 4) !== 0,
    isRetainAsPublished: (options & 8) !== 0,
    retainHandling: (options >> 4) & 3,
    id,
  };
  try {
    requireNoControls(parsed.text, 'topic filter', 'invalidTopicFilter');
    if (parsed.shareName !== undefined && !terms.hasSharedSubscriptions) throw noShares();
    const { filter } = parsed;
    const { clientId } = host;
    host.dialect.requireSubscription({ filter, qos, clientId }, host.access);
    const isNew = host.session.subscribe(parsed, subscription);
    const { retainHandling } = subscription;
    // Shared subscriptions get no earlier messages.
    if (parsed.shareName !== undefined) return qos;
    // [MQTT-3.3.1-9] [MQTT-3.3.1-10] [MQTT-3.3.1-11]
    const hasRetained = retainHandling === 0 || (retainHandling === 1 && isNew);
    const recovery = isNew ? host.dialect.recovery?.(filter) : undefined;
    if (hasRetained || recovery !== undefined) added.push({ subscription, hasRetained, recovery });
    return qos;
  } catch (thrown) {
    const error = toMqttError(thrown);
    if (error.code !== 'refused') throw error;
    if (terms.endsUnauthorised && error.reason === 'notAuthorized') {
      refusals.ends ??= new MqttError('closing', error.reason, error.message, { cause: error });
    }
    return refusedCode(host, error.reasonCode, qos);
  }
}

function noShares(): MqttError {
  const why = 'shared subscriptions are not supported';
  return new MqttError('refused', 'sharedSubscriptionsNotSupported', why);
}

/** MQTT 3.1 cannot tell a refusal. */
function refusedCode({ version }: MqttHost, reason: number, qos: number): number {
  if (version === 5) return reason;
  return version === 4 ? reasons.unspecified : qos;
}

/** Handles UNSUBSCRIBE, one filter a step. */
export function unsubscribe(host: MqttHost, earlier: EarlierReader, fields: FieldReader): void {
  const packetId = readPacketId(fields);
  if (host.version === 5) readProperties(fields, 'unsubscribe');
  const codes: number[] = [];
  function* steps(): Generator<void> {
    try {
      for (const { parsed } of yield* readFilters(host, fields, () => 0)) {
        const isKnown = parsed !== undefined && host.session.unsubscribe(parsed);
        if (parsed !== undefined) earlier.remove(parsed.text);
        codes.push(isKnown ? reasons.success : reasons.noSubscriptionExisted);
        yield;
      }
    } catch (thrown) {
      host.failed(thrown);
    }
  }
  const { broker } = host;
  const done = () => {
    const group = host.session.isStored ? broker.store.definedGroup : 0;
    const packet = subackPacket('unsuback', host.version, packetId, codes);
    if (isTooLarge(host, packet)) return;
    host.answers.say(group, packet);
    broker.store.log.sync();
  };
  host.gate.finishFirst(steps(), () => {
    if (codes.length > 0) done();
  });
}
