// The destinations that the broker answers itself.

import type { Broker } from '../../broker.ts';
import type { Address, Properties } from '../../conversion/properties.ts';
import { BrokerError } from '../../errors.ts';
import type { Route } from '../../exchanges/route-cache.ts';
import type { Publication } from '../../publication.ts';
import type { Access } from '../../users.ts';
import type { Vhost } from '../../vhost.ts';
import { addressOfCore } from '../core-names.ts';
import { MessageSubject, type SubjectHost } from '../message-subject.ts';
import type { DestinationAction, Rights } from '../rights/rights.ts';
import type { SendTarget } from '../send-target.ts';
import { publicationOf } from './publication-of.ts';
import { ScheduleManagement } from './schedule-management.ts';
import type { ServiceRequest } from './service-request.ts';
import { type StatisticsHost, StatisticsService } from './statistics-service.ts';

/** The operations of the destinations that are needed here. */
export interface ServicesHost extends SubjectHost, Omit<StatisticsHost, 'reply' | 'permits'> {
  readonly broker: Broker;
  readonly rights: Rights;
  readonly vhost: Vhost;
  sendTarget(address: Address): SendTarget;
  route(
    target: SendTarget,
    publication: Publication,
    access: Access,
    origins: readonly unknown[],
  ): Route;
}

/** Finds the service of a destination, and sends its replies. */
export class Services {
  readonly #host: ServicesHost;
  readonly #subject: MessageSubject;
  readonly #schedule: ScheduleManagement;
  readonly #statistics: StatisticsService;

  constructor(host: ServicesHost) {
    this.#host = host;
    this.#subject = new MessageSubject(host);
    const reply = (request: ServiceRequest, properties: Properties) =>
      this.#reply(request, properties);
    const permits = ({ access }: ServiceRequest, action: DestinationAction, address: Address) =>
      host.rights.permits(access, action, address);
    this.#schedule = new ScheduleManagement({
      broker: host.broker,
      scheduleName: host.vhost.name,
      areRestricted: host.rights.areRestricted,
      addressOf: addressOfCore,
      reply,
      permits,
    });
    this.#statistics = new StatisticsService({
      broker: host.broker,
      consumptions: host.consumptions,
      vhost: host.vhost,
      get settings() {
        return host.settings;
      },
      reply,
      permits,
    });
  }

  /** Whether a destination belongs to a service, so that it has no messages of its own. */
  owns(address: Address): boolean {
    return this.#schedule.owns(address) || this.#statistics.owns(address);
  }

  /**
   * Performs the request in a message.
   *
   * @throws {BrokerError} `precondition-failed`, `resource-error`
   */
  take(address: Address, publication: Publication, access: Access): void {
    const format = this.#host.formatOf(publication.format);
    if (format === undefined) return;
    const { properties } = this.#subject.ofPublication(publication);
    const request = { address, properties, format, access };
    if (this.#schedule.owns(address)) this.#schedule.take(request);
    else this.#statistics.take(request);
  }

  /** Sends a reply. It is lost if its address is missing, or the sender must not send to it. */
  #reply({ properties: { replyTo }, format, access }: ServiceRequest, reply: Properties): void {
    if (replyTo === undefined || this.owns(replyTo)) return;
    try {
      const publication = publicationOf(format, reply);
      const target = this.#host.sendTarget(replyTo);
      const route = this.#host.route(target, publication, access, []);
      const { rest } = this.#host.broker.publish(this.#host.vhost, publication, route);
      if (rest !== undefined) this.#host.broker.background.run(rest);
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
    }
  }
}
