// Policies and operator policies: /api/policies, /api/operator-policies.

import { BrokerError } from '../../broker/errors.ts';
import type { JsonObject, JsonValue, PolicyEntry } from '../../broker/rabbitmq/model.ts';
import type { PolicyKind } from '../../broker/rabbitmq/policy-administration.ts';
import { applyTargets } from '../../broker/settings/policy.ts';
import type { PolicyDefinition, PolicyValue } from '../../broker/settings/policy-keys.ts';
import { type Answer, emptyAnswer } from '../answers.ts';
import { committed } from '../commit.ts';
import { badRequest, keyMissing, ManagementError, notFound } from '../errors.ts';
import { isArray, isObject, own, requireText, wholeNumberOf } from '../json/read.ts';
import { listAnswer, objectAnswer } from '../listing/list.ts';
import type { ApiRequest } from '../request.ts';
import { requireRole } from '../roles.ts';
import type { Route } from '../routes.ts';

function policyToJson(entry: PolicyEntry): JsonObject {
  const { vhost, name, pattern, applyTo, definition, priority } = entry;
  return { vhost, name, pattern, 'apply-to': applyTo, definition: { ...definition }, priority };
}

/** The methods of a kind of policies. */
interface PolicyResource {
  readonly list: Route['handle'];
  readonly get: Route['handle'];
  readonly put: Route['handle'];
  readonly remove: Route['handle'];
}

/** Only administrators change operator policies. */
function requireChange(request: ApiRequest, { isOperator }: PolicyKind): void {
  if (isOperator && !request.management.changesOperatorPolicies) {
    const why = 'Broker settings disallow editing of operator policies.';
    throw new ManagementError('not-allowed', why);
  }
  requireRole(request.user, isOperator ? 'administrator' : 'policymaker');
  request.administeredVhost();
}

function policyResource(kind: PolicyKind): PolicyResource {
  return {
    list: (request) => list(request, kind),
    get: (request) => get(request, kind),
    put: (request) => put(request, kind),
    remove: (request) => remove(request, kind),
  };
}

function list(request: ApiRequest, kind: PolicyKind): Promise<Answer> {
  const { policies } = request.management.administration;
  const vhosts = request.vhosts();
  const items = function* () {
    for (const { name } of vhosts) yield* policies.list(kind, name);
  };
  return listAnswer(request, {
    items: items(),
    name: ({ name }) => name,
    write: policyToJson,
    order: ['vhost', 'name'],
    column: (entry, name) => (name === 'vhost' || name === 'name' ? entry[name] : undefined),
  });
}

function get(request: ApiRequest, kind: PolicyKind): Answer {
  const { name: vhost } = request.visibleVhost();
  const found = request.management.administration.policies.get(kind, vhost, request.label('name'));
  if (found === undefined) throw notFound();
  return objectAnswer(request, policyToJson(found));
}

async function put(request: ApiRequest, kind: PolicyKind): Promise<Answer> {
  requireChange(request, kind);
  const body = request.object();
  const applyTo = own(body, 'apply-to') ?? 'all';
  const target = applyTargets.find((known) => known === applyTo);
  if (target === undefined) {
    throw invalid(`apply-to unrecognised; should be one of ${applyTargets.join(', ')}`);
  }
  const { policies } = request.management.administration;
  const policy = {
    name: request.label('name'),
    pattern: requireText(body, 'pattern'),
    applyTo: target,
    priority: wholeNumberOf(body, 'priority') ?? 0,
    definition: readDefinition(own(body, 'definition')),
  };
  const isNew = validated(() => policies.put(kind, request.label('vhost'), policy));
  await committed(request.broker);
  return emptyAnswer(isNew ? 201 : 204);
}

/** A value that the broker refuses is answered with RabbitMQ's words for it. */
export function validated<Result>(change: () => Result): Result {
  try {
    return change();
  } catch (error) {
    const isInvalid = error instanceof BrokerError && error.code === 'precondition-failed';
    throw isInvalid ? invalid(error.message) : error;
  }
}

function invalid(why: string): ManagementError {
  return badRequest(`Validation failed\n\n${why}\n`);
}

function readDefinition(value: JsonValue | undefined): PolicyDefinition {
  if (value === undefined) throw keyMissing('definition');
  if (!isObject(value)) throw badRequest('not_object', 'definition');
  const entries = Object.entries(value).map(([key, each]) => [key, readValue(key, each)] as const);
  return Object.fromEntries(entries);
}

function readValue(key: string, value: JsonValue): PolicyValue {
  if (isArray(value)) {
    return value.map((item) => {
      if (typeof item === 'string') return item;
      throw badRequest(`${key.slice(0, 100)} has an item that is not a string`);
    });
  }
  if (typeof value !== 'object') return value;
  throw badRequest(`${key.slice(0, 100)} is an object or null`);
}

async function remove(request: ApiRequest, kind: PolicyKind): Promise<Answer> {
  requireChange(request, kind);
  const { policies } = request.management.administration;
  policies.delete(kind, request.label('vhost'), request.label('name'));
  await committed(request.broker);
  return emptyAnswer(204);
}

/** `/api/policies` */
export const userPolicies: PolicyResource = policyResource({ isOperator: false });

/** `/api/operator-policies` */
export const operatorPolicies: PolicyResource = policyResource({ isOperator: true });
