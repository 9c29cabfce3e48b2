import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Service } from '../../../src/aws/service.ts';
import type { Shape, ShapeNode } from '../../../src/aws/shapes/shape.ts';
import { BotocoreModel, type ModelConstraints } from '../../support/botocore-models.ts';
import { ControlPlane } from '../../support/control-plane.ts';
import { findPrograms } from '../../support/other-programs.ts';

const { services: all } = await ControlPlane.inProcess();
// AWS has no models of the services of Waxwing's own.
const services = all.filter(({ name }) => !name.startsWith('waxwing-'));

/** The services of single sign-on, whose models have no limits. */
const ofSignIn: readonly string[] = ['sso-oauth', 'awsssoportal'];

/** A shape within an operation's input, and its path. */
interface Place {
  readonly path: string;
  readonly shape: Shape<unknown>;
}

function* places(shape: Shape<unknown>, path: string): Generator<Place> {
  yield { path, shape };
  const { node } = shape;
  if (node.kind === 'structure') {
    for (const [name, member] of Object.entries(node.members)) {
      yield* places(member, path === '' ? name : `${path}.${name}`);
    }
  } else if (node.kind === 'list') {
    yield* places(node.of, `${path}.element`);
  } else if (node.kind === 'map') {
    yield* places(node.key, `${path}.key`);
    yield* places(node.value, `${path}.value`);
  }
}

function* inputsOf(service: Service): Generator<readonly [operation: string, place: Place]> {
  for (const [name, { input }] of Object.entries(service.operations)) {
    for (const place of places(input, '')) yield [name, place];
  }
}

test('every list, map, string and blob in a request has a maximum size', () => {
  const unlimited = services.flatMap((service) =>
    [...inputsOf(service)]
      .filter(([, { shape }]) => {
        const { node } = shape;
        const isSized = ['list', 'map', 'string', 'blob'].includes(node.kind);
        return isSized && !('max' in node && node.max !== undefined);
      })
      .map(([name, { path }]) => `${service.name} ${name} ${path}`),
  );
  assert.deepEqual(unlimited, []);
});

/** Intended differences from a model, by service and member; a star is any operation. */
const onPurpose: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  mq: {
    '* MaxResults': 'Amazon MQ has its own message for it, and takes 5 to 100',
    '* EngineType': 'control has its own message for it',
    'DescribeBrokerInstanceOptions StorageType': 'any case is taken',
  },
  cloudtrail: {
    '* MaxResults': 'CloudTrail has an error of its own for it',
    '* EventCategory': 'CloudTrail has an error of its own for it',
  },
  kms: {
    'CreateKey KeySpec': 'keys of some kinds are not offered',
    'CreateKey CustomerMasterKeySpec': 'keys of some kinds are not offered',
  },
  sts: {
    'GetWebIdentityToken SigningAlgorithm': 'each of the permitted values has five letters',
    'AssumeRoleWithWebIdentity RoleArn': 'an ARN of another form names no role',
    'AssumeRole RoleArn': 'an ARN of another form names no role',
    '* PolicyArns.element.arn': 'an ARN of another form names no policy',
  },
  iam: {
    '* UserName': 'users are looked up by names of up to 128 characters, as newer models permit',
    '* Description': 'line breaks are permitted, as in newer models',
    'UpdateAccessKey Status': 'no access key expires',
  },
};

/** The newest models with which the limits were compared. AWS may change limits in later ones. */
const newestVersion = '1.43';

/** Members whose limits AWS has changed since Debian's models, 1.29. They are those of the newest ones. */
const changedByAws: Readonly<Record<string, readonly string[]>> = {
  kms: ['XksProxyVpcEndpointServiceName'],
  iam: ['AccountAlias', 'Path', 'NewPath', 'PathPrefix'],
};

/** The first two numbers of a version, comparable. */
const numberOf = (version: string) => {
  const [major, minor] = version.split('.').map(Number);
  return (major ?? 0) * 1000 + (minor ?? 0);
};

/** In what a shape is looser or stricter than the model. */
function differences(node: ShapeNode, model: ModelConstraints): string[] {
  const ours = node as { min?: number; max?: number; pattern?: RegExp; values?: readonly string[] };
  const found: string[] = [];
  for (const limit of ['min', 'max'] as const) {
    // A text, list or map is never shorter than nothing.
    const there = model[limit] === 0 ? undefined : model[limit];
    const here = ours[limit] === 0 ? undefined : ours[limit];
    if (there !== undefined && here !== there) found.push(`${limit} ${here} here, ${there} there`);
  }
  if (model.pattern !== undefined && model.values === undefined) {
    // A model's pattern is about the whole text, with anchors or without.
    const there = new RegExp(`^(?:${model.pattern})$`, 'u').source;
    const isSame = anchored(ours.pattern?.source ?? '') === anchored(model.pattern);
    if (!isSame) found.push(`pattern ${ours.pattern} here, ${there} there`);
  }
  const missing = (model.values ?? []).filter((value) => !ours.values?.includes(value));
  if (missing.length > 0) found.push(`no ${missing.join(', ')} here`);
  return found;
}

/** A pattern without anchors and without ways of writing that have no meaning. */
function anchored(pattern: string): string {
  return pattern
    .replace(/^\^/, '')
    .replace(/\$$/, '')
    .toLowerCase()
    .replaceAll(/\\u002f|\\\//g, '/')
    .replaceAll(/\[(\\[dw])\]/g, '$1')
    .replaceAll(/\\([.+])/g, '$1')
    .replaceAll(/[()]/g, '');
}

/**
 * Amazon MQ's members begin with a small letter on the wire and with a capital one in the model.
 */
function modelPath(service: Service, path: string): string {
  if (service.wires[0] !== 'rest-json') return path;
  return path
    .split('.')
    .map((name) => {
      const isPart = ['element', 'key', 'value'].includes(name);
      return isPart ? name : name.charAt(0).toUpperCase() + name.slice(1);
    })
    .join('.');
}

function differencesOf(service: Service, model: BotocoreModel, version: string): string[] {
  const exceptions = onPurpose[service.name] ?? {};
  const isOlder = numberOf(version) < numberOf(newestVersion);
  const changed = isOlder ? (changedByAws[service.name] ?? []) : [];
  return [...inputsOf(service)].flatMap(([operation, { path: ourPath, shape }]) => {
    const path = modelPath(service, ourPath);
    const constraints = model.constraintsOf(operation).get(path);
    const isException = `* ${path}` in exceptions || `${operation} ${path}` in exceptions;
    if (constraints === undefined || isException || changed.includes(path)) return [];
    return differences(shape.node, constraints).map((text) => `${operation} ${path}: ${text}`);
  });
}

const pythons = await findPrograms({
  name: 'python3',
  versionArguments: [
    '-c',
    'import botocore, os; print(botocore.__version__, os.path.dirname(botocore.__file__))',
  ],
  package: 'python3-botocore',
});

if (typeof pythons === 'string') {
  test('inputs have the limits of the botocore service models', { skip: pythons }, () => {});
} else {
  for (const { version: found } of pythons) {
    const [version = '', folder = ''] = found.split(' ');
    const isNewer = numberOf(version) > numberOf(newestVersion);
    const skip = isNewer && `the limits were compared with models up to ${newestVersion}`;
    for (const service of services.filter(({ name }) => !ofSignIn.includes(name))) {
      test(`${service.name} has the limits of the botocore ${version} service model`, {
        skip,
      }, () => {
        // Models lie in folders with the names of clients, which differ from those of signatures.
        const name = service.name === 'monitoring' ? 'cloudwatch' : service.name;
        const model = BotocoreModel.read(folder, name, service.apiVersion);
        assert.ok(model, `botocore ${version} has no model of ${service.name}`);
        assert.deepEqual(differencesOf(service, model, version), []);
      });
    }
  }
}
