// A request to the management API.

import type { Broker } from '../broker/broker.ts';
import type { JsonObject } from '../broker/rabbitmq/model.ts';
import { Access, type User } from '../broker/users.ts';
import type { Vhost } from '../broker/vhost.ts';
import type { RequestHead } from '../net/http/message.ts';
import type { Labels } from '../net/http/request-handler.ts';
import { badRequest, ManagementError, notFound } from './errors.ts';
import { readObject } from './json/read.ts';
import type { Management } from './management.ts';
import { hasRole, requireLogin, requireVisible, seesVhost } from './roles.ts';
import { Metered } from './shares/metered.ts';
import type { Runner } from './slices.ts';

/** A request of an authenticated user. */
export class ApiRequest {
  readonly management: Management;
  readonly user: User;
  readonly head: RequestHead;
  readonly labels: Labels;
  readonly query: URLSearchParams;
  readonly body: Buffer;
  /** Runs jobs, whose time is counted. */
  readonly background: Runner;

  constructor(
    management: Management,
    user: User,
    { head, labels, body }: Pick<ApiRequest, 'head' | 'labels' | 'body'>,
    charge: (ms: number) => void,
  ) {
    this.management = management;
    this.user = user;
    this.head = head;
    this.labels = labels;
    this.query = new URLSearchParams(head.rawQuery);
    this.body = body;
    this.background = new Metered(management.broker.background, management.clock, charge);
  }

  get broker(): Broker {
    return this.management.broker;
  }

  /** A parameter of the path. */
  label(name: string): string {
    return this.labels.get(name) ?? '';
  }

  /** The first value of a parameter of the query; undefined if it is missing. */
  param(name: string): string | undefined {
    return this.query.get(name) ?? undefined;
  }

  /** Whether a parameter of the query is `true`. */
  isSet(name: string): boolean {
    return this.query.get(name) === 'true';
  }

  /**
   * Reads the body as a JSON object. An empty body is an empty object.
   *
   * @throws {ManagementError} `bad-request`
   */
  object(): JsonObject {
    return readObject(this.body);
  }

  /**
   * The virtual host that the path names, if the user may see its objects.
   *
   * @throws {ManagementError} `not-found`, `not-authorised`
   */
  visibleVhost(): Vhost {
    const vhost = this.#vhost();
    requireVisible(this.user, vhost);
    return vhost;
  }

  /**
   * The virtual host that the path names, if the user may change its objects.
   *
   * @throws {ManagementError} `not-found`, `not-authorised`
   */
  ownVhost(): Vhost {
    const { method } = this.head;
    const vhost = this.#vhost(method === 'PUT' || method === 'POST');
    requireLogin(this.user, vhost);
    return vhost;
  }

  /**
   * The virtual host that the path names, if the user may change its policies and parameters: as an
   * administrator, or with permissions there.
   *
   * @throws {ManagementError} `not-found`, `not-authorised`
   */
  administeredVhost(): Vhost {
    const vhost = this.#vhost();
    if (!hasRole(this.user, 'administrator')) requireLogin(this.user, vhost);
    return vhost;
  }

  /** @param namesTarget whether the error names the virtual host, as RabbitMQ does in some requests */
  #vhost(namesTarget = this.head.method === 'PUT'): Vhost {
    const vhost = this.broker.vhosts.get(this.label('vhost'));
    if (vhost !== undefined) return vhost;
    if (!namesTarget) throw notFound();
    throw new ManagementError('target-not-found', 'vhost_not_found');
  }

  /** The virtual host that the path names, or all that the user may see if it names none. */
  vhosts(): Vhost[] {
    if (this.labels.has('vhost')) return [this.visibleVhost()];
    return [...this.broker.vhosts.values()].filter(({ name }) => seesVhost(this.user, name));
  }

  /** The permissions of the user in a virtual host. */
  access(vhost: Vhost): Access {
    const access = new Access(this.broker.users, this.user.name, vhost.name, this.user);
    access.canWait = true;
    return access;
  }

  /**
   * A whole number of at least 0 in the query.
   *
   * @returns undefined if it is missing
   * @throws {ManagementError} `bad-request`
   */
  count(name: string): number | undefined {
    const text = this.param(name);
    if (text === undefined || text === '') return undefined;
    if (!/^\d{1,9}$/.test(text)) throw badRequest('not_int', name);
    return Number(text);
  }
}
