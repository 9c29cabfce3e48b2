// The destination that lists and removes scheduled messages.

import type { Broker } from '../../broker.ts';
import { type Address, emptyProperties, type Properties } from '../../conversion/properties.ts';
import { textValue } from '../../conversion/value.ts';
import { BrokerError } from '../../errors.ts';
import type { Publication } from '../../publication.ts';
import type { Schedule } from '../../schedule/schedule.ts';
import { unitSteps } from '../../turns/background.ts';
import { deadLetterHeaders } from '../dead-letter-queue.ts';
import { qualifiedName } from '../destination.ts';
import {
  parseScheduledJobId,
  scheduledJobId,
  scheduledJobIdHeader,
} from '../scheduling/scheduled-headers.ts';
import { type Service, type ServiceHost, type ServiceRequest, textOf } from './service-request.ts';

/** The beginning of the destination's name, in any case. */
const namePrefix = 'activemq.scheduler.management';
/** The headers of requests. */
const actionHeader = 'AMQ_SCHEDULER_ACTION';
const startHeader = 'ACTION_START_TIME';
const endHeader = 'ACTION_END_TIME';

/** Maximum number of messages that one request lists. */
export const browsedCountMax = 10_000;
/** Maximum number of requests that are performed at the same time. */
export const requestCountMax = 16;
/** Work units for listing and for removing one entry. */
const browsedUnits = 64;
const removedUnits = 32;
/** Number of entries that are removed in one step. */
const removedPerStep = 16;

/** The operations of the broker that are needed here. */
export interface ManagementHost extends ServiceHost {
  readonly broker: Broker;
  /** Whether there are permissions to check. */
  readonly areRestricted: boolean;
  readonly scheduleName: string;
  /** The destination with an exchange and a routing key. */
  addressOf(exchange: string, routingKey: string): Address;
}

/** Due times, milliseconds since 1970. */
interface Range {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Performs `BROWSE`, `REMOVE` and `REMOVEALL` on the scheduled messages of a broker: those that the
 * sender of the request may consume or whose destination it may delete.
 */
export class ScheduleManagement implements Service {
  readonly #host: ManagementHost;
  #requestCount = 0;

  constructor(host: ManagementHost) {
    this.#host = host;
  }

  owns({ name }: Address): boolean {
    return name.slice(0, namePrefix.length).toLowerCase() === namePrefix;
  }

  /** @throws {BrokerError} `precondition-failed`, or `resource-error` if there are too many */
  take(request: ServiceRequest): void {
    const action = textOf(request, actionHeader);
    if (action === 'BROWSE') {
      this.#start();
      this.#browse(request, { ...rangeOf(request), after: undefined }, 0);
    } else if (action === 'REMOVEALL') {
      this.#start();
      const { background } = this.#host.broker;
      if (this.#host.areRestricted) this.#removePermitted(request, rangeOf(request), undefined);
      else background.run(this.#removeAll(rangeOf(request)), () => this.#end());
    } else if (action === 'REMOVE') this.#remove(request);
    else {
      const found = action === undefined ? 'no' : `the unknown value '${action.slice(0, 40)}' in`;
      const why = `a message to ${request.address.name} has ${found} ${actionHeader}`;
      throw new BrokerError('precondition-failed', why);
    }
  }

  get #schedule(): Schedule {
    return this.#host.broker.schedules.of(this.#host.scheduleName);
  }

  #start(): void {
    if (this.#requestCount >= requestCountMax) {
      const why = `more than ${requestCountMax} requests to the schedule at the same time`;
      throw new BrokerError('resource-error', why);
    }
    this.#requestCount++;
  }

  #end(): void {
    this.#requestCount--;
  }

  #remove(request: ServiceRequest): void {
    const id = parseScheduledJobId(textOf(request, scheduledJobIdHeader) ?? '');
    if (id === undefined) return;
    if (this.#host.areRestricted) this.#removeIfPermitted(request, id, () => {});
    else this.#schedule.remove(id);
  }

  /** Removes an entry if its message may be consumed, or its destination deleted. */
  #removeIfPermitted(request: ServiceRequest, id: number, done: () => void): void {
    const found = (publication: Publication | undefined) => {
      if (publication !== undefined && this.#mayRemove(request, publication)) {
        this.#schedule.remove(id);
      }
      done();
    };
    // If a message cannot be read, the log has failed, which stops the broker.
    this.#schedule.read(id).then(found, () => {});
  }

  #mayRemove(request: ServiceRequest, publication: Publication): boolean {
    const host = this.#host;
    const address = host.addressOf(publication.exchangeName(), publication.routingKey);
    return host.permits(request, 'read', address) || host.permits(request, 'remove', address);
  }

  /** Removes one permitted entry, and continues in another turn of the event loop. */
  #removePermitted(request: ServiceRequest, range: Range, after: number | undefined): void {
    const page = this.#schedule.page({
      ...range,
      countMax: 1,
      ...(after !== undefined && { after }),
    });
    const [entry] = page.entries;
    const next = () => {
      if (page.after === undefined) this.#end();
      else this.#removePermitted(request, range, page.after);
    };
    const later = () => this.#host.broker.background.runLater(unitSteps(removedUnits), next);
    if (entry === undefined) later();
    else this.#removeIfPermitted(request, entry.id, later);
  }

  *#removeAll({ fromMs, toMs }: Range): Generator<void> {
    const schedule = this.#schedule;
    let after: number | undefined;
    do {
      const range = { fromMs, toMs, countMax: removedPerStep };
      const page = schedule.page(after === undefined ? range : { ...range, after });
      for (const { id } of page.entries) schedule.remove(id);
      after = page.after;
      yield;
    } while (after !== undefined);
  }

  /** Replies with one message, and continues in another turn of the event loop. */
  #browse(
    request: ServiceRequest,
    range: Range & { readonly after: number | undefined },
    count: number,
  ): void {
    const { fromMs, toMs } = range;
    const from = range.after === undefined ? {} : { after: range.after };
    const page = this.#schedule.page({ fromMs, toMs, countMax: 1, ...from });
    const [entry] = page.entries;
    const next = () => {
      const { after } = page;
      if (after === undefined || count + page.entries.length >= browsedCountMax) this.#end();
      else this.#browse(request, { fromMs, toMs, after }, count + page.entries.length);
    };
    const { background } = this.#host.broker;
    if (entry === undefined) {
      background.runLater(unitSteps(browsedUnits), next);
      return;
    }
    const found = (publication: Publication | undefined) => {
      if (publication !== undefined) this.#reply(request, entry.id, publication);
      this.#host.broker.pump();
      background.runLater(unitSteps(browsedUnits), next);
    };
    // If a message cannot be read, the log has failed, which stops the broker.
    this.#schedule.read(entry.id).then(found, () => {});
  }

  #reply(request: ServiceRequest, id: number, publication: Publication): void {
    const address = this.#host.addressOf(publication.exchangeName(), publication.routingKey);
    if (!this.#host.permits(request, 'read', address)) return;
    const properties = this.#propertiesOf(publication);
    const target = qualifiedName(address);
    const headers = properties.headers.filter(([name]) => name !== scheduledJobIdHeader);
    this.#host.reply(request, {
      ...properties,
      isDurable: false,
      ttlMs: undefined,
      replyTo: undefined,
      type: 'Advisory',
      headers: [
        ...headers,
        [scheduledJobIdHeader, textValue(scheduledJobId(id))],
        [deadLetterHeaders.originalDestination, textValue(target)],
      ],
    });
  }

  #propertiesOf({
    format,
    head,
    headStart,
    headEnd,
    parts,
    partCount,
    bodyLength,
  }: Publication): Properties {
    const buffer = Buffer.concat([head.subarray(headStart, headEnd), ...parts.slice(0, partCount)]);
    const headLength = headEnd - headStart;
    const message = { buffer, headAt: 0, headLength, bodyAt: headLength, bodyLength };
    return this.#host.broker.formatOf(format)?.toProperties(message) ?? emptyProperties;
  }
}

function rangeOf(request: ServiceRequest): Range {
  return { fromMs: timeOf(request, startHeader, 0), toMs: timeOf(request, endHeader, Infinity) };
}

function timeOf(request: ServiceRequest, name: string, otherwise: number): number {
  const text = textOf(request, name)?.trim();
  if (text === undefined || text === '') return otherwise;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  const why = `${name} is '${text.slice(0, 40)}', not a time in milliseconds since 1970`;
  throw new BrokerError('precondition-failed', why);
}
