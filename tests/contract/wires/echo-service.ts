// A test service whose shapes use all features.

import { AwsError, type Wire } from '../../../src/aws/errors.ts';
import { noPermission, operation, type Service } from '../../../src/aws/service.ts';
import {
  blob,
  boolean,
  double,
  enumeration,
  flattened,
  inHeader,
  inPayload,
  inPrefixHeaders,
  inQuery,
  inStatus,
  integer,
  list,
  long,
  map,
  required,
  string,
  structure,
  timestamp,
  xmlAttribute,
  xmlNamed,
} from '../../../src/aws/shapes/shape.ts';

// A small service that answers what it was asked, whose shapes have everything that shapes can
// have.

const inner = structure({ Text: string(), Numbers: list(integer()), At: timestamp() });

const document = {
  Text: string(),
  Kind: enumeration(['A', 'B']),
  Whole: integer(),
  Big: long(),
  Ratio: double(),
  Flag: boolean(),
  Bytes: blob(),
  At: timestamp(),
  AtDateTime: timestamp('date-time'),
  AtHttpDate: timestamp('http-date'),
  AtEpoch: timestamp('epoch-seconds'),
  Names: list(string()),
  Inners: list(inner),
  Nested: structure({ Inner: inner, Deeper: structure({ Lists: list(list(double())) }) }),
  Labels: map(string(), string()),
  InnersByName: map(string(), inner),
  Flat: flattened(list(string())),
  FlatLabels: flattened(map(string(), integer())),
};

/** Everything that stands in a document, on every wire. */
export const echo = structure(document);

/** Names that XML and forms have in place of the shapes' own. */
export const named = structure({
  Renamed: xmlNamed('Other', string()),
  Items: list(xmlNamed('item', string())),
  FlatItems: xmlNamed('FlatItem', flattened(list(inner))),
  Pairs: map(xmlNamed('Name', string()), xmlNamed('Content', integer())),
});

/** An element with an attribute, which forms do not have. */
const attributed = structure({
  Grantee: structure({ Type: xmlAttribute('type', string()), Id: string() }),
});

/** Everything that stands elsewhere in messages of the REST wires. */
const bound = {
  Header: inHeader('X-Text', string()),
  HeaderWhole: inHeader('X-Whole', integer()),
  HeaderFlag: inHeader('X-Flag', boolean()),
  HeaderAt: inHeader('X-At', timestamp()),
  HeaderList: inHeader('X-List', list(integer())),
  Prefixed: inPrefixHeaders('x-meta-', map(string(), string())),
};

/** The bindings to the parts of a REST request. */
export const restInput = structure({
  ...bound,
  Name: required(string()),
  Rest: required(string()),
  Query: inQuery('q', string()),
  QueryList: inQuery('list', list(string())),
  QueryAt: inQuery('at', timestamp()),
  QueryRatio: inQuery('ratio', double()),
  Text: string(),
});

const restOutput = structure({
  ...bound,
  Name: inHeader('X-Name', string()),
  Rest: inHeader('X-Rest', string()),
  Query: inHeader('X-Query', string()),
  QueryList: list(string()),
  QueryAt: timestamp(),
  QueryRatio: double(),
  Text: string(),
  Status: inStatus(integer()),
});

/** A message whose whole body is bytes. */
const bytes = structure({ Type: inHeader('Content-Type', string()), Body: inPayload(blob()) });

/** A message whose whole body is one structure. */
const whole = structure({ Body: inPayload(echo) });

const permissions = noPermission('the tests are about wires');
const common = { action: 'kms:Echo', readOnly: true, permissions } as const;
const isRest = (wire: Wire) => wire === 'rest-json' || wire === 'rest-xml';

function echoing(
  shape: typeof echo | typeof named | typeof attributed | typeof bytes | typeof whole,
  path: string,
  wire: Wire,
) {
  return operation<object, object>({
    ...common,
    input: shape,
    output: shape,
    ...(isRest(wire) && { http: { method: 'POST', path } }),
    handle: (input) => ({ output: input }),
  });
}

/** The service on one wire. It has the name of one for which the official clients sign. */
export function echoService(wire: Wire): Service {
  const http = (path: string) => isRest(wire) && { http: { method: 'POST', path } };
  return {
    name: 'kms',
    wires: [wire],
    targetPrefixes: ['EchoService'],
    eventSource: 'echo.example.com',
    apiVersion: '2026-11-01',
    operations: {
      Echo: echoing(echo, '/echo', wire),
      Named: echoing(named, '/named', wire),
      Fail: operation({
        ...common,
        ...http('/fail'),
        input: structure({ Message: string({ max: 1000 }), Status: integer() }),
        output: structure({}),
        handle: ({ Message = '', Status = 400 }) => {
          throw new AwsError('ThingNotFoundException', Message, { status: Status });
        },
      }),
      Nothing: operation({
        ...common,
        ...http('/nothing'),
        input: structure({}),
        output: structure({}),
        handle: () => ({ output: {} }),
      }),
      ...(isRest(wire) && {
        Rest: operation({
          ...common,
          http: { method: 'PUT', path: '/rest/{Name}/{Rest+}' },
          input: restInput,
          output: restOutput,
          handle: (input) => ({ output: { ...input, Status: 202 } }),
        }),
        Bytes: echoing(bytes, '/bytes', wire),
        Whole: echoing(whole, '/whole', wire),
        ...(wire === 'rest-xml' && { Attributed: echoing(attributed, '/attributed', wire) }),
      }),
    },
  };
}
