// Export and import of definitions: /api/definitions.

import {
  type DefinitionsSection,
  definitionsSections,
} from '../../broker/rabbitmq/definitions-transfer.ts';
import { type Answer, emptyAnswer, jsonStream } from '../answers.ts';
import { committed } from '../commit.ts';
import { badRequest } from '../errors.ts';
import { parseInSteps } from '../json/split.ts';
import type { ApiRequest } from '../request.ts';
import { inSlices, itemsPerStep } from '../slices.ts';

/** Number of entries that are written as one piece. */
const entriesPerPiece = 500;

/** Sections of the definitions of one virtual host. */
const sectionsOfVhost: readonly DefinitionsSection[] = [
  'parameters',
  'policies',
  'queues',
  'exchanges',
  'bindings',
];

/** The virtual host that the path names; undefined for the whole broker. */
function vhostOf({ labels, broker }: ApiRequest): string | undefined {
  const vhost = labels.get('vhost');
  if (vhost !== undefined && !broker.vhosts.has(vhost)) throw badRequest('vhost_not_found');
  return vhost;
}

/** The entries of each section, as JSON. */
type Sections = ReadonlyMap<DefinitionsSection, string[]>;

/** `GET /api/definitions` and `GET /api/definitions/{vhost}` */
export async function exportDefinitions(request: ApiRequest): Promise<Answer> {
  const vhost = vhostOf(request);
  const sections = await inSlices(request.background, collect(request, vhost));
  const download = /^[\w.-]{1,100}$/.exec(request.param('download') ?? '')?.[0];
  const headers =
    download === undefined ? {} : { 'Content-Disposition': `attachment; filename=${download}` };
  return jsonStream(written(request, sections), headers);
}

function* collect(
  { management }: ApiRequest,
  vhost: string | undefined,
): Generator<void, Sections> {
  const names = vhost === undefined ? definitionsSections : sectionsOfVhost;
  const sections = new Map(names.map((name) => [name, [] as string[]]));
  let count = 0;
  for (const [section, entry] of management.administration.definitions.export(vhost)) {
    sections.get(section)?.push(JSON.stringify(entry));
    if (++count % itemsPerStep === 0) yield;
  }
  return sections;
}

async function* written(
  { management }: ApiRequest,
  sections: Sections,
): AsyncGenerator<Uint8Array> {
  const { version } = management;
  const versions = {
    rabbit_version: version,
    rabbitmq_version: version,
    product_name: 'RabbitMQ',
    product_version: version,
  };
  yield Buffer.from(JSON.stringify(versions).slice(0, -1));
  for (const [name, entries] of sections) {
    yield Buffer.from(`,${JSON.stringify(name)}:[`);
    for (let from = 0; from < entries.length; from += entriesPerPiece) {
      const some = entries.slice(from, from + entriesPerPiece).join(',');
      yield Buffer.from(from === 0 ? some : `,${some}`);
    }
    yield Buffer.from(']');
  }
  yield Buffer.from('}');
}

/** `POST /api/definitions` and `POST /api/definitions/{vhost}` */
export async function importDefinitions(request: ApiRequest): Promise<Answer> {
  const vhost = vhostOf(request);
  const { broker, management, body, user } = request;
  const definitions = await inSlices(request.background, parseInSteps(body));
  const importer = user.rights === undefined ? user.name : undefined;
  await management.administration.definitions.import(definitions, vhost, importer);
  await committed(broker);
  return emptyAnswer(204);
}
