// Runtime parameters: /api/parameters, /api/global-parameters.

import { BrokerError } from '../../broker/errors.ts';
import type {
  GlobalParameterEntry,
  JsonObject,
  ParameterEntry,
} from '../../broker/rabbitmq/model.ts';
import { shovelComponent } from '../../broker/rabbitmq/parameters.ts';
import { localVhostsOf, readShovel } from '../../broker/rabbitmq/shovels/shovel-definition.ts';
import { permitsVhost } from '../../broker/users.ts';
import { type Answer, emptyAnswer, jsonAnswer } from '../answers.ts';
import { committed } from '../commit.ts';
import { keyMissing, notFound } from '../errors.ts';
import { isObject, own } from '../json/read.ts';
import { listAnswer, objectAnswer } from '../listing/list.ts';
import type { ApiRequest } from '../request.ts';
import { seesVhost } from '../roles.ts';
import { validated } from './policies.ts';

/** The global parameter with the name of the cluster. */
const clusterName = 'cluster_name';

function parameterToJson({ vhost, component, name, value }: ParameterEntry): JsonObject {
  return { value, vhost, component, name };
}

function globalToJson({ name, value }: GlobalParameterEntry): JsonObject {
  return { name, value };
}

/** `GET /api/parameters`: all, those of a component, or those of a component in a virtual host */
export function listParameters(request: ApiRequest): Promise<Answer> {
  const { parameters } = request.management.administration;
  const component = request.labels.get('component');
  const vhost = request.labels.has('vhost') ? request.visibleVhost().name : undefined;
  const of = {
    ...(component !== undefined && { component }),
    ...(vhost !== undefined && { vhost }),
  };
  const items = function* () {
    for (const entry of parameters.list(of)) {
      if (seesVhost(request.user, entry.vhost)) yield entry;
    }
  };
  return listAnswer(request, {
    items: items(),
    name: ({ name }) => name,
    write: parameterToJson,
    order: ['vhost', 'component', 'name'],
  });
}

/** `GET /api/parameters/{component}/{vhost}/{name}` */
export function getParameter(request: ApiRequest): Answer {
  const { name: vhost } = request.visibleVhost();
  const { parameters } = request.management.administration;
  const found = parameters.get(vhost, request.label('component'), request.label('name'));
  if (found === undefined) throw notFound();
  return objectAnswer(request, parameterToJson(found));
}

/** `PUT /api/parameters/{component}/{vhost}/{name}` */
export async function putParameter(request: ApiRequest): Promise<Answer> {
  const { name: vhost } = request.administeredVhost();
  const { parameters } = request.management.administration;
  const value = own(request.object(), 'value');
  if (value === undefined) throw keyMissing('value');
  const component = request.label('component');
  const entry = { vhost, component, name: request.label('name'), value };
  const isNew = validated(() => {
    requireShovelVhosts(request, entry);
    return parameters.put(entry);
  });
  await committed(request.broker);
  return emptyAnswer(isNew ? 201 : 204);
}

/**
 * A shovel may do everything in the virtual hosts of this broker that it names, which need not be that
 * of its parameter. Whoever creates it must have permissions there.
 *
 * @throws {BrokerError} `precondition-failed`
 */
function requireShovelVhosts(
  { user }: ApiRequest,
  { component, name, value }: ParameterEntry,
): void {
  if (component !== shovelComponent || !isObject(value)) return;
  for (const vhost of localVhostsOf(readShovel(name, value))) {
    if (permitsVhost(user, vhost)) continue;
    const text = `user "${user.name}" may not connect to vhost "${vhost}"`;
    throw new BrokerError('precondition-failed', text);
  }
}

/** `DELETE /api/parameters/{component}/{vhost}/{name}` */
export async function deleteParameter(request: ApiRequest): Promise<Answer> {
  const { name: vhost } = request.administeredVhost();
  const { parameters } = request.management.administration;
  parameters.delete(vhost, request.label('component'), request.label('name'));
  await committed(request.broker);
  return emptyAnswer(204);
}

/** `GET /api/global-parameters` */
export function listGlobalParameters(request: ApiRequest): Promise<Answer> {
  return listAnswer(request, {
    items: request.management.administration.parameters.globals(),
    name: ({ name }) => name,
    write: globalToJson,
    order: ['name'],
  });
}

/** `GET /api/global-parameters/{name}` */
export function getGlobalParameter(request: ApiRequest): Answer {
  const found = request.management.administration.parameters.global(request.label('name'));
  if (found === undefined) throw notFound();
  return objectAnswer(request, globalToJson(found));
}

/** `PUT /api/global-parameters/{name}` */
export async function putGlobalParameter(request: ApiRequest): Promise<Answer> {
  const value = own(request.object(), 'value');
  if (value === undefined) throw keyMissing('value');
  const { parameters } = request.management.administration;
  const isNew = parameters.putGlobal(request.label('name'), value);
  await committed(request.broker);
  return emptyAnswer(isNew ? 201 : 204);
}

/** `DELETE /api/global-parameters/{name}` */
export async function deleteGlobalParameter(request: ApiRequest): Promise<Answer> {
  request.management.administration.parameters.deleteGlobal(request.label('name'));
  await committed(request.broker);
  return emptyAnswer(204);
}

/** The name of the cluster: that of the broker, unless it was changed. */
export function clusterNameOf({ administration, broker }: ApiRequest['management']): string {
  const value = administration.parameters.global(clusterName)?.value;
  return typeof value === 'string' ? value : broker.brokerName;
}

/** `GET /api/cluster-name` */
export function getClusterName({ management }: ApiRequest): Answer {
  return jsonAnswer({ name: clusterNameOf(management) });
}

/** `PUT /api/cluster-name` */
export async function putClusterName(request: ApiRequest): Promise<Answer> {
  const name = own(request.object(), 'name');
  if (typeof name !== 'string') throw keyMissing('name');
  request.management.administration.parameters.putGlobal(clusterName, name);
  await committed(request.broker);
  return emptyAnswer(204);
}
